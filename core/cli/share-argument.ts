/** A share of an unseal key, as commands take it. */
import type { Terminal } from './terminal.ts';

/** The argument, standard input for `-`, or what is typed unseen. */
export async function shareArgument(argument: string | undefined, terminal: Terminal, prompt: string): Promise<string> {
  if (argument === '-') return (await terminal.readStdin()).trim();
  return (argument ?? (await terminal.askSecret(prompt))).trim();
}
