/** What the tests of the broker share: a broker over memory sinks, and the verification of what they hold. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuditBroker, type AuditBroker, type AuditBrokerOptions } from './broker.ts';
import { MemorySink } from './testing.ts';
import { verifyAuditFiles, type AuditReport } from './verify.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
/** What the brokers sign with. */
export const signingKey: KeyObject = privateKey;
/** Options of an entry of a change. */
export const changes: { readonly sync: boolean } = { sync: true };
/** Options of an entry of a read. */
export const reads: { readonly sync: boolean } = { sync: false };

/** Opens a broker over sinks `s0`, `s1`, …; a lone sink is required. */
export function open(
  sink: MemorySink | readonly { readonly sink: MemorySink; readonly required: boolean }[],
  more: Partial<AuditBrokerOptions> = {},
): Promise<AuditBroker> {
  const sinks = sink instanceof MemorySink ? [{ sink, required: true }] : sink;
  return openAuditBroker({
    sinks: sinks.map((one, index) => ({ name: `s${index}`, ...one })),
    head: () => 42,
    now: () => 0,
    version: '1',
    signingKey: privateKey,
    ...more,
  });
}

/** Verifies what the sinks hold, as one sequence of files. */
export async function verify(...sinks: readonly MemorySink[]): Promise<AuditReport> {
  const directory = await mkdtemp(join(tmpdir(), 'audit-test-'));
  try {
    const paths = await Promise.all(
      sinks.map(async (sink, index) => {
        const path = join(directory, `${index}.log`);
        await writeFile(path, sink.text);
        return path;
      }),
    );
    return await verifyAuditFiles(paths, { publicKey });
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** An entry with a name. */
export const entry = (name: string): string => `{"type":"request","name":"${name}"}`;
/** The names of the entries that a sink holds, in order. */
export const names = (sink: MemorySink): readonly unknown[] => sink.lines().flatMap((line) => line['name'] ?? []);

/** Lets setImmediate and promises run: they are never faked. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** The message of a refusal, awaited later. */
export function refusal(promise: Promise<void>): Promise<string> {
  return promise.then(
    () => 'resolved',
    (error: unknown) => String(error),
  );
}
