/** `sys/tools`: random bytes and hashes. */
import { createHash, randomBytes } from 'node:crypto';
import { schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';

/** Bytes of one answer. */
const randomMax = 131_072;
const randomDefault = 32;
const sources: ReadonlySet<string> = new Set(['platform', 'seal', 'all']);
const algorithms: Readonly<Record<string, string>> = {
  'sha2-224': 'sha224',
  'sha2-256': 'sha256',
  'sha2-384': 'sha384',
  'sha2-512': 'sha512',
  'sha3-224': 'sha3-224',
  'sha3-256': 'sha3-256',
  'sha3-384': 'sha3-384',
  'sha3-512': 'sha3-512',
};

const formatField = { format: s.optional(s.string({ oneOf: ['base64', 'hex'] })) };
const randomInput = { bytes: s.optional(s.integer({ minimum: 1, maximum: randomMax })), source: s.optional(s.string()), ...formatField };
const hashInput = { input: s.string(), algorithm: s.optional(s.string()), ...formatField };

function encoded(bytes: Uint8Array, format: string): string {
  return Buffer.from(bytes).toString(format === 'hex' ? 'hex' : 'base64');
}

/** @param path `[SOURCE/][BYTES]`; what it says goes before the body */
function random(path: string, input: s.InferFields<typeof randomInput>): HostReply {
  const [first = '', second] = path.split('/');
  const sourceGiven = sources.has(first);
  const source = sourceGiven ? first : (input.source ?? 'platform');
  if (!sources.has(source)) throw new StrongroomError('invalid', `field source: must be one of ${[...sources].join(', ')}`);
  const text = sourceGiven ? second : path;
  const bytes = text === undefined || text === '' ? (input.bytes ?? randomDefault) : /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (bytes < 1 || bytes > randomMax) throw new StrongroomError('invalid', `field bytes: must be from 1 to ${randomMax}`);
  return { data: { random_bytes: encoded(randomBytes(bytes), input.format ?? 'base64') } };
}

function hash(inPath: string | undefined, input: s.InferFields<typeof hashInput>): HostReply {
  const name = inPath ?? input.algorithm ?? 'sha2-256';
  const algorithm = Object.hasOwn(algorithms, name) ? algorithms[name] : undefined;
  if (algorithm === undefined)
    throw new StrongroomError('invalid', `field algorithm: must be one of ${Object.keys(algorithms).join(', ')}`);
  const compact = input.input.replace(/\s/g, '');
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact))
    throw new StrongroomError('invalid', 'field input: must be base64');
  return { data: { sum: encoded(createHash(algorithm).update(compact, 'base64').digest(), input.format ?? 'hex') } };
}

/** The routes. */
export const toolRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/tools/random', {
    summary: 'Random bytes',
    update: { input: randomInput, handler: (_, __, input) => random('', input) },
  }),
  ...hostRoute('sys/tools/random/{path+}', {
    summary: 'Random bytes, their source or number in the path',
    update: { input: randomInput, handler: (_, { path }, input) => random(path, input) },
  }),
  ...hostRoute('sys/tools/hash', {
    summary: 'The hash of a value',
    update: { input: hashInput, handler: (_, __, input) => hash(undefined, input) },
  }),
  ...hostRoute('sys/tools/hash/{algorithm}', {
    summary: 'The hash of a value, by the algorithm in the path',
    update: { input: hashInput, handler: (_, { algorithm }, input) => hash(algorithm, input) },
  }),
};
