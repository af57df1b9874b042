/** `policy fmt`. */
import { writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { type Command, localCommand } from './command.ts';
import { formatHcl } from './hcl-format.ts';
import { printSuccess } from './print.ts';
import { UsageError, type Terminal } from './terminal.ts';

/** Checks the file of a policy and lays it out in place. */
export const policyFmt: Command = localCommand({}, async ({ rest, terminal }) => {
  const [file, more] = rest;
  if (file === undefined || more !== undefined) throw new UsageError('Expected one argument: the file of the policy');
  const text = readText(file, terminal);
  // Loaded only here: other commands are clients of the HTTP API and need nothing of the server.
  const { parsePolicy } = await import('../policy/parse.ts');
  const rules = (of: string): unknown => parsePolicy(of).rules.map(({ line: _line, ...rule }) => rule);
  const before = rules(text);
  if (/^\s*\{/.test(text)) throw new UsageError('The policy is valid; written in JSON, it stays as it is');
  const formatted = formatHcl(text);
  // Whatever a layout could get wrong, it must not change a right.
  if (!isDeepStrictEqual(rules(formatted), before))
    throw new Error('The policy is valid, and was left as it is: its layout is not understood');
  if (formatted !== text) writeFileSync(file, formatted);
  return printSuccess(`Formatted policy: ${file}`, terminal);
});

function readText(file: string, terminal: Terminal): string {
  try {
    return terminal.readFile(file);
  } catch {
    throw new UsageError('cannot read the file of the policy');
  }
}
