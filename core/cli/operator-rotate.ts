/** `operator rotate` and `operator key-status`. */
import type { Command } from './command.ts';
import type { FlagTable } from './flags.ts';
import { member, textOf } from './json-node.ts';
import { printRows, printTree } from './print.ts';
import { clientCommand, type Session } from './session.ts';

/** Rotates all keys, and says which version is in force. */
export const operatorRotate: Command = clientCommand({}, async (session) => {
  await session.call({ method: 'PUT', path: 'sys/rotate' });
  if (session.format === 'table') session.terminal.out('Success! Rotated key\n\n');
  return printKeyStatus(session);
});

/** Says which version of the keys is in force. */
export const operatorKeyStatus: Command = clientCommand({}, printKeyStatus);

async function printKeyStatus({ call, format, terminal }: Pick<Session<FlagTable>, 'call' | 'format' | 'terminal'>): Promise<0> {
  const data = member((await call({ method: 'GET', path: 'sys/key-status' })).body, 'data');
  if (format !== 'table' && data) printTree(data, format, terminal);
  else {
    const rows = [
      ['Key Term', 'term'],
      ['Install Time', 'install_time'],
      ['Encryption Count', 'encryptions'],
    ] as const;
    printRows(
      rows.map(([title, name]) => [title, textOf(member(data, name))] as const),
      terminal,
    );
  }
  return 0;
}
