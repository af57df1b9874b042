/** `kv get` and `kv list`. */
import type { Command } from './command.ts';
import type { ApiAnswer } from './api-client.ts';
import { isNothing, member } from './json-node.ts';
import { kvPath } from './kv-path.ts';
import { type Format, printBlock, printField, printNames, printPath, printTree } from './print.ts';
import { clientCommand } from './session.ts';
import { NothingThere, type ExitCode, type Terminal } from './terminal.ts';

/** Prints a secret: its newest version, or `-version`. */
export const kvGet: Command = clientCommand({ mount: 'text', version: 'integer' }, async ({ flags, rest, format, terminal, call }) => {
  const path = (await kvPath({ rest, call }, flags.mount))('data');
  const query = flags.version === undefined || flags.version <= 0 ? {} : { query: { version: String(flags.version) } };
  // A deleted version is a 404 that carries its metadata.
  const answer = await call({ method: 'GET', path, ...query, accept: [404] });
  const data = member(answer.body, 'data');
  if (isNothing(data)) throw new NothingThere(`No value found at ${path}`);
  if (flags.field !== undefined) return printOne(answer, flags.field, path, format, terminal);
  if (format !== 'table') printTree(answer.body ?? data, format, terminal);
  else {
    printPath('Secret Path', path, terminal);
    printBlock('Metadata', member(data, 'metadata'), terminal);
    const secret = member(data, 'data');
    if (!isNothing(secret)) {
      terminal.out('\n');
      printBlock('Data', secret, terminal);
    }
  }
  return 0;
});

/** Lists the names below a path. */
export const kvList: Command = clientCommand({ mount: 'text' }, async ({ flags, rest, format, terminal, call }) => {
  const path = (await kvPath({ rest, call }, flags.mount))('metadata');
  const { status, body } = await call({ method: 'GET', path: `${path}/`, query: { list: 'true' }, accept: [404] });
  const keys = member(body, 'data', 'keys');
  if (status === 404 || keys === undefined) throw new NothingThere(`No value found at ${path}`);
  printNames(keys, format, terminal);
  return 0;
});

function printOne(answer: ApiAnswer, field: string, path: string, format: Format, terminal: Terminal): ExitCode {
  const data = member(answer.body, 'data', 'data');
  if (isNothing(data)) throw new NothingThere(`No data found at ${path}`);
  // "data" names the whole secret, unless the secret has such a field itself.
  if (field === 'data' && !member(data, 'data')) printField(member(answer.body, 'data'), 'data', format, terminal);
  else printField(data, field, format, terminal);
  return 0;
}
