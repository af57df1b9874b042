/**
 * Fills the store of a stopped server with secrets below `secret/many/`: `node --conditions=source build-secrets.ts DIRECTORY SECRETS VERSIONS`.
 * It works in this process, through the server's own transactions and the engine's own record format, 8,000 entries a commit: what lies on the
 * disk is what as many requests would have left, without their audit.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStaticSeal } from '../../core/barrier/static-seal.ts';
import { Transaction } from '../../core/barrier/transaction.ts';
import { readMounts } from '../../core/mounts/mount-table.ts';
import { Server } from '../../core/system/server.ts';
import { openDirectory } from '../../core/system/store-directory.ts';
import { encodeTable, tableKey, versionKey } from '../../plugins/kv/table-record.ts';
import { newTable, type Version } from '../../plugins/kv/version-table.ts';
import { KeptLines, testOptions } from '../../test/harness/host.ts';
import { fiveFields, manyPath } from '../workload.ts';

const [directory = '', secretsText = '', versionsText = ''] = process.argv.slice(2);
const secrets = Number(secretsText);
const versions = Number(versionsText);
const entriesPerCommit = 8000;
/** Large, so that the log is folded into base files a few times only; each folding writes the whole index. */
const compactAtBytes = 2 ** 30;

const config = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as { cluster_name?: string };
const server = new Server(
  testOptions(new KeptLines(), {
    directory: openDirectory({
      directory: join(directory, 'data'),
      compactAtBytes,
      onFatal: (error) => {
        throw error;
      },
      onCompactionError: (error) => process.stderr.write(`${String(error)}\n`),
    }),
    seals: [openStaticSeal({ file: join(directory, 'seal.key'), create: false }, 'static-1', process.env)],
    declared: { mounts: [], policies: [] },
    clusterName: config.cluster_name ?? 'strongroom',
  }),
);
await server.start();
const { unsealed } = server;
if (unsealed === undefined) throw new Error('the store did not open');
const mount = (await readMounts(new Transaction(unsealed))).at('secret/');
if (mount === undefined) throw new Error('secret/ is not mounted');

const prefix = `mount/${mount.id}/`;
const created = Date.now();
const kept: Version[] = Array.from({ length: versions }, () => ({ created, deletion: undefined, destroyed: false }));
const table = { ...newTable(created), current: versions, versions: kept };
const secretsPerCommit = Math.floor(entriesPerCommit / versions);
let last: Promise<void> = Promise.resolve();
for (let from = 0; from < secrets; from += secretsPerCommit) {
  const tx = new Transaction(unsealed);
  for (let secret = from; secret < Math.min(secrets, from + secretsPerCommit); secret++) {
    const path = manyPath(secret);
    const value = (version: number): string => JSON.stringify(fiveFields(secret + version));
    tx.put(prefix + tableKey(path), encodeTable(table, value(versions)));
    for (let version = 1; version < versions; version++) tx.put(prefix + versionKey(path, version), Buffer.from(value(version)));
  }
  const commit = tx.commit();
  await last;
  last = commit.durable;
}
await last;
await unsealed.storage.compact?.();
await server.stop();
process.stdout.write(`${JSON.stringify({ seconds: process.uptime(), rssMb: process.memoryUsage().rss / 1e6 })}\n`);
