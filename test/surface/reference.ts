/** The API reference: what the SDK exports, by topic, from the declarations of its modules and the comments in them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A topic: its modules, in the order in which they are read. */
export interface Topic {
  readonly title: string;
  readonly modules: readonly string[];
}

const comment = String.raw`/\*\*((?:(?!\*/)[^])*)\*/\n`;
const exported = new RegExp(`(?:${comment})?export (?:declare )?(?:interface|type|class|function|const) (\\w+)`, 'g');

/** Writes the page. @param folder with the declarations */
export function referenceOf(title: string, intro: string, topics: readonly Topic[], folder: string): string {
  const parts = topics.map((topic) => [`## ${topic.title}`, ...topic.modules.flatMap((module) => partOf(module, folder))].join('\n\n'));
  return `${[`# ${title}`, intro, ...parts].join('\n\n')}\n`;
}

function partOf(module: string, folder: string): readonly string[] {
  const text = readFileSync(join(folder, `${module}.d.ts`), 'utf8');
  const [, head = ''] = new RegExp(`^${comment}`).exec(text) ?? [];
  // The head of a module is prose; a comment right before an export is that export's.
  const code = text
    .replace(/^(import|export \*|export (type )?\{[^}]*\} from) [^;]*;\n/gm, '')
    .replace(/^ +#private;\n/gm, '')
    .replace(new RegExp(`^${comment}`), '')
    .replace(/^export \{\};\n/m, '')
    .replaceAll('export declare ', 'export ')
    .trim();
  const rows = [...code.matchAll(exported)].map(([, doc = '', name = '']) => `| \`${name}\` | ${cell(doc)} |`);
  const table = rows.length > 1 ? [['| | |', '| --- | --- |', ...new Set(rows)].join('\n')] : [];
  return [prose(head), ...table, `\`\`\`ts\n${code}\n\`\`\``];
}

/** A comment's text, drawings kept as they are. */
function prose(doc: string): string {
  const lines = doc.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  const text = lines
    .filter((line) => !line.startsWith('@'))
    .join('\n')
    .trim();
  return text;
}

/** The first sentence, in one line. */
function cell(doc: string): string {
  const line = prose(doc).replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
  return /^.*?\.(?= |$)/.exec(line)?.[0] ?? line;
}
