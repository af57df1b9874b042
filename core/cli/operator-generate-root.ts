/** `operator generate-root`. */
import type { JsonNode } from '@strongroom/sdk-plugin';
import { randomBase62 } from '../crypto/random-text.ts';
import { decodeToken } from '../crypto/token-otp.ts';
import type { Command } from './command.ts';
import { isNothing, member, textOf } from './json-node.ts';
import { printRows, printTree, type Format } from './print.ts';
import { clientCommand, type Session } from './session.ts';
import { shareArgument } from './share-argument.ts';
import { UsageError, type Terminal } from './terminal.ts';

const flags = {
  init: 'boolean',
  cancel: 'boolean',
  status: 'boolean',
  decode: 'text',
  'generate-otp': 'boolean',
  otp: 'text',
  nonce: 'text',
} as const;

const attempt = 'sys/generate-root/attempt';

/** Begins, follows, cancels and carries out the generation of a root token, and decodes it. */
export const operatorGenerateRoot: Command = clientCommand(flags, async (session) => {
  const { flags: given, call, format, terminal } = session;
  if (given.decode !== undefined) return decode(session, given.decode);
  if (given.cancel) {
    await call({ method: 'DELETE', path: attempt });
    terminal.out('Success! Root token generation canceled (if it was started)\n');
    return 0;
  }
  if (given.init) {
    const { body } = await call({ method: 'PUT', path: attempt, body: JSON.stringify(given.otp === undefined ? {} : { otp: given.otp }) });
    printStatus(body, format, terminal);
    return 0;
  }
  const { body: status } = await call({ method: 'GET', path: attempt });
  if (given['generate-otp']) {
    terminal.out(`${randomBase62(Number(textOf(member(status, 'otp_length'))))}\n`);
    return 0;
  }
  if (given.status) {
    printStatus(status, format, terminal);
    return 0;
  }
  return giveShare(session, status);
});

/** A root token by its encoded form is never sent to a server: it is decoded here. */
async function decode({ flags: given, format, terminal }: Session<typeof flags>, encoded: string): Promise<0> {
  if (given.otp === undefined) throw new UsageError('Decoding needs the password: -otp');
  const token = decodeToken(encoded === '-' ? (await terminal.readStdin()).trim() : encoded, given.otp);
  terminal.out(format === 'json' ? `${JSON.stringify({ token })}\n` : `${token}\n`);
  return 0;
}

async function giveShare({ flags: given, rest, call, format, terminal }: Session<typeof flags>, status: JsonNode | undefined): Promise<0> {
  if (textOf(member(status, 'started')) !== 'true') throw new UsageError('No root generation is in progress: begin one with -init');
  const nonce = given.nonce ?? textOf(member(status, 'nonce'));
  const key = await shareArgument(rest[0], terminal, `Operation nonce: ${nonce}\nUnseal Key (will be hidden): `);
  const { body } = await call({ method: 'PUT', path: 'sys/generate-root/update', body: JSON.stringify({ key, nonce }) });
  printStatus(body, format, terminal);
  return 0;
}

function printStatus(body: JsonNode | undefined, format: Format, terminal: Terminal): void {
  if (!body) return;
  if (format !== 'table') return printTree(body, format, terminal);
  const rows: readonly (readonly [string, string])[] = [
    ['Nonce', textOf(member(body, 'nonce'))],
    ['Started', textOf(member(body, 'started'))],
    ['Progress', `${textOf(member(body, 'progress'))}/${textOf(member(body, 'required'))}`],
    ['Complete', textOf(member(body, 'complete'))],
    ['OTP', textOf(member(body, 'otp'))],
    ['OTP Length', textOf(member(body, 'otp_length'))],
    ['Encoded Token', textOf(member(body, 'encoded_token'))],
  ];
  printRows(
    rows.filter(([name, value]) => !((name === 'OTP' || name === 'Encoded Token') && value === '')),
    terminal,
  );
  if (!isNothing(member(body, 'otp')) && textOf(member(body, 'otp')) !== '')
    terminal.out('\nKeep the OTP: it decodes the token, and is shown this once.\n');
}
