/** The static-key seal: 32 bytes from a file or the environment, so that a server comes back unsealed. */
import { randomBytes } from 'node:crypto';
import { constants, openSync, closeSync, fsyncSync, readFileSync, statSync, writeSync } from 'node:fs';
import { StrongroomError } from '../errors.ts';
import { KeySeal } from './seal.ts';

/** Where the key comes from: exactly one of the two. */
export type StaticKeySource = { readonly file: string; readonly create: boolean } | { readonly environment: string };

/**
 * Reads the key (64 hexadecimal or 44 base64 characters, or 32 raw bytes) and makes the seal.
 * @throws StrongroomError `invalid` naming the file or variable when it is absent, readable by others, or not 32 bytes
 */
export function openStaticSeal(source: StaticKeySource, id: string, environment: NodeJS.ProcessEnv): KeySeal {
  if ('environment' in source) {
    const text = environment[source.environment];
    if (text === undefined) throw new StrongroomError('invalid', `seal.key_env: the environment variable ${source.environment} is not set`);
    return new KeySeal('static', id, decodeKey(Buffer.from(text), `the environment variable ${source.environment}`));
  }
  if (source.create) createKeyFile(source.file);
  let content: Buffer;
  try {
    if ((statSync(source.file).mode & 0o077) !== 0) {
      throw new StrongroomError('invalid', `seal.key_file: ${source.file} can be read by others; its mode must be 0600`);
    }
    content = readFileSync(source.file);
  } catch (error) {
    if (error instanceof StrongroomError) throw error;
    throw new StrongroomError('invalid', `seal.key_file: cannot read ${source.file}`, { cause: error });
  }
  return new KeySeal('static', id, decodeKey(content, source.file));
}

function decodeKey(content: Buffer, from: string): Buffer {
  if (content.length === 32) return content;
  const text = content.toString('latin1').trim();
  const key = Buffer.alloc(32);
  const decoded = Buffer.from(text, /^[0-9a-fA-F]{64}$/.test(text) ? 'hex' : 'base64');
  content.fill(0);
  if (decoded.length !== 32)
    throw new StrongroomError('invalid', `seal: ${from} must hold 32 bytes, as 64 hexadecimal or 44 base64 characters`);
  decoded.copy(key);
  decoded.fill(0);
  return key;
}

function createKeyFile(file: string): void {
  let fd: number;
  try {
    fd = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return;
    throw new StrongroomError('invalid', `seal.key_file: cannot create ${file}`, { cause: error });
  }
  writeSync(fd, `${randomBytes(32).toString('hex')}\n`);
  fsyncSync(fd);
  closeSync(fd);
}
