/** `read`, `list` and `path-help`: any path of the server. */
import { apiPath } from './api-path.ts';
import type { Command } from './command.ts';
import { isNothing, member, textOf } from './json-node.ts';
import { kvData } from './kv-data.ts';
import { printAnswer, printWarnings } from './print-answer.ts';
import { printNames, printRaw, printTree } from './print.ts';
import { clientCommand } from './session.ts';
import { NothingThere } from './terminal.ts';
import { queryOf } from './query.ts';

/** Prints what is at a path; `key=value` goes into the query, and `-format=raw` prints the bytes as they come. */
export const read: Command = clientCommand(
  {},
  async ({ flags, rest, format, terminal, call, raw }) => {
    const path = apiPath(rest[0]);
    const query = rest.length > 1 ? queryOf(await kvData(rest.slice(1), terminal)) : {};
    if (raw) {
      printRaw((await call({ method: 'GET', path, query, raw: true })).text, terminal);
      return 0;
    }
    const { body, status } = await call({ method: 'GET', path, query, accept: [404] });
    if (body === undefined || (status === 404 && isNothing(member(body, 'data')))) {
      printWarnings(body, terminal);
      throw new NothingThere(`No value found at ${path}`);
    }
    printAnswer(body, { flags, format, terminal });
    return 0;
  },
  { raw: true },
);

/** Lists the names below a path. */
export const list: Command = clientCommand({}, async ({ flags, rest, format, terminal, call }) => {
  const path = apiPath(rest[0], rest.slice(1));
  const { body } = await call({ method: 'GET', path: `${path}/`, query: { list: 'true' }, accept: [404] });
  const keys = member(body, 'data', 'keys');
  if (isNothing(keys)) {
    if (format !== 'table') terminal.out('{}\n');
    throw new NothingThere(`No value found at ${path}`);
  }
  if (flags.field !== undefined) printAnswer(body, { flags, format, terminal });
  else printNames(keys, format, terminal);
  return 0;
});

/** Prints what the server says of a path: what it is for, its operations and their fields. */
export const pathHelp: Command = clientCommand({}, async ({ rest, format, terminal, call }) => {
  const path = apiPath(rest[0], rest.slice(1));
  const { body } = await call({ method: 'GET', path, query: { help: '1' }, plain: true });
  const help = member(body, 'help');
  if (body === undefined || isNothing(help)) throw new NothingThere(`No help for ${path}`);
  if (format === 'table') terminal.out(`${textOf(help).trimEnd()}\n`);
  else printTree(body, format, terminal);
  return 0;
});
