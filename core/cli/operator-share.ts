/** `operator share-key` and `operator open-share`: what a holder of a sealed share does, without a server. */
import { writeFileSync } from 'node:fs';
import { type Command, localCommand } from './command.ts';
import { UsageError } from './terminal.ts';

/** Makes a holder's key: the secret one in a new file, the public one printed for `-share-public-keys`. */
export const operatorShareKey: Command = localCommand({}, async ({ rest, terminal }) => {
  const [file, more] = rest;
  if (file === undefined || more !== undefined) throw new UsageError('Expected one argument: the file for the secret key');
  const { holderKeys } = await import('../crypto/sealed-share.ts');
  const { publicKey, secretKey } = holderKeys();
  try {
    writeFileSync(file, `${Buffer.from(secretKey).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  } catch {
    throw new UsageError(`cannot create ${file}; a file that is there is not replaced`);
  }
  terminal.out(`${Buffer.from(publicKey).toString('base64')}\n`);
  return 0;
});

/** Opens a sealed share with a holder's key. */
export const operatorOpenShare: Command = localCommand({ 'key-file': 'text' }, async ({ flags, rest, terminal }) => {
  const [given, more] = rest;
  if (flags['key-file'] === undefined || given === undefined || more !== undefined)
    throw new UsageError('Expected -key-file=FILE and one argument: the sealed share, or - for standard input');
  const { openSealedShare } = await import('../crypto/sealed-share.ts');
  const text = (given === '-' ? await terminal.readStdin() : given).trim();
  const secretKey = Buffer.from(terminal.readFile(flags['key-file']).trim(), 'base64');
  if (secretKey.length !== 32) throw new UsageError('the key file must hold 32 bytes in base64');
  const share = openSealedShare(Buffer.from(text, /^[0-9a-fA-F]+$/.test(text) ? 'hex' : 'base64'), secretKey);
  if (!share) throw new UsageError('the share does not open: it is for another key, or was changed');
  terminal.out(`${share.toString('base64')}\n`);
  return 0;
});
