/** Reads what a README tells its reader to do: files to write (```ts title="index.ts") and commands to run (```sh), in order. */

/** One thing to do. */
export type Step =
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  /** `promised`: what the output must hold, from a comment at the command's end: `# … "text":"hi" …`. */
  | { readonly kind: 'command'; readonly command: string; readonly promised: readonly string[] };

/** Takes the steps out of Markdown. Blocks of other languages, or without a title, are for reading only. */
export function readSteps(markdown: string): readonly Step[] {
  return [...markdown.matchAll(/^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$/gms)].flatMap(
    ([, language, name, text = '']): readonly Step[] => {
      if (name !== undefined) return [{ kind: 'file', name, text }];
      return language === 'sh'
        ? text
            .split('\n')
            .filter((line) => line !== '')
            .map(commandOf)
        : [];
    },
  );
}

function commandOf(line: string): Step {
  const [command = '', comment = ''] = line.split(/\s+# /);
  const promised = comment.startsWith('…') ? comment.split('…').map((part) => part.trim()) : [];
  return { kind: 'command', command, promised: promised.filter((part) => part !== '') };
}
