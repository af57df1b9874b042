/** What one KV read costs in the audit log: CPU for its request and answer entries, with the file sink. */
import { generateKeyPairSync } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import fileSink from '../../audit-sinks/file/index.ts';
import { openAuditBroker } from '../../core/audit/broker.ts';
import { auditHmac } from '../../core/audit/hmac.ts';
import { auditSerializer } from '../../core/audit/serializer.ts';
import { benchDirectory } from '../bench-server.ts';
import type { Report } from '../figure.ts';

const reads = 100_000;
const atOnce = 64;
/** The first one warms up. */
const rounds = 3;

/** Measures in this process. */
export async function measureAuditEntries(report: Report): Promise<void> {
  const directory = benchDirectory();
  const sink = await fileSink.open({ path: join(directory, 'audit.log') });
  const { privateKey } = generateKeyPairSync('ed25519');
  const broker = await openAuditBroker({
    sinks: [{ name: 'file', sink, required: true }],
    head: () => 1,
    now: () => Date.now(),
    version: 'bench',
    signingKey: privateKey,
  });
  const serializer = auditSerializer({ hmac: auditHmac(Buffer.alloc(32, 1)) });
  const clientToken = 'hvs.CAESIJ1Qw3n4f5a6s7d8f9g0h1j2k3l4';
  const accessor = 'QwErTyUiOpAsDfGhJkLzXcVb';
  // The host keeps these with the token, and the fragment with the cached answer.
  const auth = serializer.auth({
    clientToken,
    accessor,
    displayName: 'token-app',
    policies: ['default', 'app'],
    tokenPolicies: ['default', 'app'],
    tokenType: 'service',
    tokenTtl: 2_764_800,
  });
  const hashedToken = serializer.token(clientToken, accessor);
  const text = JSON.stringify({ data: { a: 'one', b: 'two', c: 'three', d: 4, e: 'five' }, metadata: { version: 1 } });
  const fragment = serializer.fragment({ kind: 'json', text });
  const policyResults = { allowed: true, grantingPolicies: ['app'] };

  async function read(index: number): Promise<void> {
    const request = serializer.request({
      id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      operation: 'read',
      path: `secret/data/app/${index % 10_000}`,
      token: hashedToken,
      mount: { type: 'kv', point: 'secret/', class: 'secret' },
      remoteAddress: '127.0.0.1',
      remotePort: 40_000,
    });
    const parts = { time: Date.now(), auth, policyResults, request };
    await broker.record(serializer.requestEntry(parts), { sync: false });
    await broker.record(serializer.responseEntry(parts, { data: { kind: 'fragment', fragment } }), { sync: false });
  }

  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    let next = 0;
    const cpu = process.cpuUsage();
    const reader = async (): Promise<void> => {
      while (next < reads) await read(next++);
    };
    await Promise.all(Array.from({ length: atOnce }, reader));
    const { user, system } = process.cpuUsage(cpu);
    best = Math.min(best, (user + system) / reads);
  }
  await broker.close();
  await rm(directory, { recursive: true });
  report({ name: 'audit: the two entries of a KV read, 64 at once', value: best, unit: 'us CPU' });
}
