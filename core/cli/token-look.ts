/** `token lookup` and `token capabilities`. */
import type { Command } from './command.ts';
import { elements, member, textOf } from './json-node.ts';
import { printAnswer } from './print-answer.ts';
import { printTree } from './print.ts';
import { clientCommand } from './session.ts';
import { NothingThere, UsageError } from './terminal.ts';
import { tokenArgument, tokenCall } from './token-argument.ts';

/** Shows a token: the own one unless another is named. */
export const tokenLookup: Command = clientCommand({ accessor: 'boolean' }, async ({ flags, rest, format, terminal, call }) => {
  const named = await tokenArgument(rest, terminal);
  const { path, fields } = tokenCall('lookup', named, flags.accessor === true);
  const { body } = await call(named === undefined ? { method: 'GET', path } : { method: 'PUT', path, body: JSON.stringify(fields) });
  const data = member(body, 'data');
  if (body === undefined || data === undefined) throw new NothingThere('the server said nothing of the token');
  printAnswer(body, { flags, format, terminal });
  return 0;
});

/** Shows what a token may do at a path. */
export const tokenCapabilities: Command = clientCommand({ accessor: 'boolean' }, async ({ flags, rest, format, terminal, call }) => {
  const byAccessor = flags.accessor === true;
  if (rest.length < (byAccessor ? 2 : 1) || rest.length > 2)
    throw new UsageError(
      `${rest.length > 2 ? 'Too many' : 'Not enough'} arguments (expected ${byAccessor ? '2' : '1-2'}, got ${rest.length})`,
    );
  const [named, path] = rest.length === 2 ? rest : [undefined, rest[0]];
  const asked = { paths: [path], ...(named === undefined ? {} : { [byAccessor ? 'accessor' : 'token']: named }) };
  const about = named === undefined ? '-self' : byAccessor ? '-accessor' : '';
  const { body } = await call({ method: 'PUT', path: `sys/capabilities${about}`, body: JSON.stringify(asked) });
  const found = member(body, 'data', path ?? '');
  if (found === undefined) throw new NothingThere('the server said nothing of the path');
  if (format !== 'table') printTree(found, format, terminal);
  else terminal.out(`${elements(found).map(textOf).toSorted().join(', ')}\n`);
  return 0;
});
