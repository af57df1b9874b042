/** `operator rekey`. */
import type { JsonNode } from '@strongroom/sdk-plugin';
import type { Command } from './command.ts';
import { elements, isNothing, member, members, textOf } from './json-node.ts';
import { printRows, printTree, type Format } from './print.ts';
import { clientCommand, type Session } from './session.ts';
import { shareArgument } from './share-argument.ts';
import { UsageError, type Terminal } from './terminal.ts';

const flags = {
  init: 'boolean',
  cancel: 'boolean',
  status: 'boolean',
  verify: 'boolean',
  nonce: 'text',
  'key-shares': 'integer',
  'key-threshold': 'integer',
  n: 'integer',
  t: 'integer',
  backup: 'boolean',
  'backup-retrieve': 'boolean',
  'backup-delete': 'boolean',
  'share-public-keys': 'text',
} as const;

type RekeySession = Session<typeof flags>;

/** Begins, follows, cancels and carries out a rekey; with `-verify` the part in which new shares prove themselves. */
export const operatorRekey: Command = clientCommand(flags, async (session) => {
  const { flags: given, call, format, terminal } = session;
  const part = given.verify && !given.init ? 'verify' : 'init';
  if (given['backup-retrieve'] || given['backup-delete']) return backup(session);
  if (given.init) return begin(session);
  if (given.cancel) {
    await call({ method: 'DELETE', path: `sys/rekey/${part}` });
    terminal.out(
      part === 'verify'
        ? 'Success! Restarted the verification (if it was in progress)\n'
        : 'Success! Canceled rekeying (if it was started)\n',
    );
    return 0;
  }
  const { body: status } = await call({ method: 'GET', path: `sys/rekey/${part}` });
  if (given.status) {
    printStatus(status, format, terminal);
    return 0;
  }
  return giveShare(session, status);
});

async function begin({ flags: given, call, format, terminal }: RekeySession): Promise<0> {
  const shares = given['key-shares'] ?? given.n ?? 5;
  const body = {
    secret_shares: shares,
    secret_threshold: given['key-threshold'] ?? given.t ?? Math.min(3, shares),
    ...(given.backup ? { backup: true } : {}),
    ...(given.verify ? { require_verification: true } : {}),
    ...(given['share-public-keys'] === undefined ? {} : { share_public_keys: given['share-public-keys'].split(',') }),
  };
  const { body: status } = await call({ method: 'PUT', path: 'sys/rekey/init', body: JSON.stringify(body) });
  printStatus(status, format, terminal);
  return 0;
}

async function backup({ flags: given, call, format, terminal }: RekeySession): Promise<0> {
  if (given['backup-delete']) {
    await call({ method: 'DELETE', path: 'sys/rekey/backup' });
    terminal.out('Success! Delete backup keys (if they existed)\n');
    return 0;
  }
  const data = member((await call({ method: 'GET', path: 'sys/rekey/backup' })).body, 'data');
  if (format !== 'table' && data) printTree(data, format, terminal);
  else
    for (const [holder, keys] of members(member(data, 'keys_base64')))
      for (const key of elements(keys)) terminal.out(`${holder}  ${textOf(key)}\n`);
  return 0;
}

async function giveShare({ flags: given, rest, call, format, terminal }: RekeySession, status: JsonNode | undefined): Promise<0> {
  if (textOf(member(status, 'started')) !== 'true') throw new UsageError('No rekey is in progress: begin one with -init');
  const nonce = given.nonce ?? textOf(member(status, 'nonce'));
  const waits = !isNothing(member(status, 'verification_nonce')) && !given.verify;
  if (waits) throw new UsageError('The new shares wait for their verification: give them with -verify');
  const key = await shareArgument(rest[0], terminal, `Rekey operation nonce: ${nonce}\nUnseal Key (will be hidden): `);
  const path = given.verify ? 'sys/rekey/verify' : 'sys/rekey/update';
  const { body } = await call({ method: 'PUT', path, body: JSON.stringify({ key, nonce }) });
  if (textOf(member(body, 'complete')) !== 'true' || format !== 'table') {
    printStatus(body, format, terminal);
    return 0;
  }
  if (given.verify) terminal.out('Success! Rekey verification successful. The new shares are in force; the old ones are void.\n');
  else printNewShares(body, terminal);
  return 0;
}

function printNewShares(body: JsonNode | undefined, terminal: Terminal): void {
  elements(member(body, 'keys_base64')).forEach((key, index) => terminal.out(`Key ${index + 1}: ${textOf(key)}\n`));
  terminal.out(`\nOperation nonce: ${textOf(member(body, 'nonce'))}\n\n`);
  terminal.out(
    textOf(member(body, 'verification_required')) === 'true'
      ? `The old shares stay in force until enough of these were given back:
strongroom operator rekey -verify -nonce=${textOf(member(body, 'verification_nonce'))}\n`
      : 'Rekeyed. Give each share to another person; the old ones are void.\n',
  );
}

function printStatus(body: JsonNode | undefined, format: Format, terminal: Terminal): void {
  if (!body) return;
  if (format !== 'table') return printTree(body, format, terminal);
  const rows: readonly (readonly [string, string])[] = [
    ['Nonce', 'nonce'],
    ['Started', 'started'],
    ['New Shares', 'n'],
    ['New Threshold', 't'],
    ['Rekey Progress', 'progress'],
    ['Required', 'required'],
    ['Verification Required', 'verification_required'],
    ['Verification Nonce', 'verification_nonce'],
  ];
  printRows(
    rows.flatMap(([title, name]) => (isNothing(member(body, name)) ? [] : [[title, textOf(member(body, name))] as const])),
    terminal,
  );
}
