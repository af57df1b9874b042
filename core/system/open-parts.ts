/** What an unsealed server consists of, opened one part after another. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { openAuditBroker } from '../audit/broker.ts';
import { auditHmac } from '../audit/hmac.ts';
import { auditSerializer } from '../audit/serializer.ts';
import type { Barrier } from '../barrier/barrier.ts';
import { inTransaction } from '../barrier/in-transaction.ts';
import type { BootFile } from '../barrier/boot-file.ts';
import { DerivedCache } from '../barrier/derived-cache.ts';
import { SealedCache, sealedBytesMax } from '../barrier/sealed-cache.ts';
import { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { BatchTokens } from '../identity/batch-token.ts';
import { Clock } from '../identity/clock.ts';
import { Identities } from '../identity/identities.ts';
import { Lockout } from '../identity/lockout.ts';
import { TokenStore } from '../identity/token-store.ts';
import { LeaseKeeper } from '../lease/lease-keeper.ts';
import { RotationKeeper } from '../lease/rotation-keeper.ts';
import { PolicyStore } from '../policy/policy-store.ts';
import { JobPool } from '../runner/job-pool.ts';
import { PluginCrypto } from '../runner/plugin-crypto.ts';
import { Rooms } from '../runner/rooms.ts';
import { AnswerCache } from '../request/answer-cache.ts';
import type { Unsealed } from '../request/host.ts';
import { LiveSettings, readSettings } from '../request/live-settings.ts';
import { Quotas } from '../request/quotas.ts';
import { readWrappingJwt } from '../request/wrapping-jwt.ts';
import { openDevices, readDevices } from './audit-devices.ts';
import { migrateMounts } from './engine-jobs.ts';
import { Housekeeping } from './housekeeping.ts';
import { markRestored, readSecrets } from './initial-state.ts';
import { applyDeclared, type Declared } from './declared.ts';
import type { Storage } from '../storage/types.ts';
import type { ServerOptions } from './server-options.ts';
import { noteVersion } from './version-history.ts';

/** How many parsed entries (tokens, policies, the mount table) are kept. */
const derivedMax = 200_000;

/** The parts of one unsealing. */
export interface Opened {
  readonly unsealed: Unsealed;
  readonly housekeeping: Housekeeping;
}

/** Opens the store. The first time after a restore its revisions leap past all that the audit has seen. */
async function openStorage({ directory, wallClock }: ServerOptions, boot: BootFile, barrier: Barrier): Promise<Storage> {
  const { restoredAfter, ...settled } = boot;
  if (restoredAfter === undefined) return directory.open(boot.store, barrier);
  const storage = await directory.open(boot.store, barrier, { restoredAfter });
  try {
    await markRestored({ storage, barrier, derived: new DerivedCache(1) }, restoredAfter, wallClock());
    directory.writeBoot(settled);
    return storage;
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** Opens one part after another; what must be closed again when a later one fails is added to `opened`. */
export async function openParts(
  options: ServerOptions,
  declared: Declared,
  boot: BootFile,
  barrier: Barrier,
  opened: (() => Promise<void>)[],
): Promise<Opened> {
  const { log } = options;
  const storage = await openStorage(options, boot, barrier);
  opened.push(() => storage.close());
  const derived = new DerivedCache(derivedMax);
  const vault = { storage, barrier, derived, sealed: new SealedCache(sealedBytesMax) };
  const clock = new Clock(options.wallClock);
  const secrets = await readSecrets(new Transaction(vault));
  const signingKey = createPrivateKey({ key: Buffer.from(secrets.auditSigning), format: 'der', type: 'pkcs8' });
  const { auditDevices } = options;
  const devices = auditDevices === undefined ? [] : await openDevices(await readDevices(new Transaction(vault)), auditDevices, log);
  const audit = await openAuditBroker({
    sinks: [...(await options.openSinks()), ...devices],
    head: () => storage.durableHead(),
    now: () => clock.now(),
    version: options.version,
    signingKey,
    checkHead: (seen) => checkHead(options, storage.head(), seen),
    onFailure: (sink, error) => log.error({ sink, err: error }, 'an audit sink failed'),
    onLost: (sink, gaps) =>
      log.warn(
        { sink, lines: gaps.map(({ from, to }) => `${from}-${to}`) },
        'the audit log lacks lines that were not on disk yet when the machine stopped; the place is marked',
      ),
  });
  opened.push(() => audit.close());
  const settings = new LiveSettings();
  settings.use(await readSettings(new Transaction(vault)));
  const rooms = new Rooms(options.catalog, options.rooms, log);
  opened.push(() => rooms.close());
  const jobs = new JobPool();
  opened.push(() => jobs.close());
  const crypto = new PluginCrypto(vault, jobs);
  const leases = new LeaseKeeper({ ...vault, clock, rooms, crypto }, log);
  opened.push(() => leases.stop());
  const rotations = new RotationKeeper({ ...vault, clock, rooms, crypto }, log);
  opened.push(() => rotations.stop());
  const unsealed: Unsealed = {
    ...vault,
    clock,
    leases,
    rotations,
    tokens: new TokenStore(secrets.tokenHash, clock, new BatchTokens(barrier)),
    identities: new Identities(),
    policies: new PolicyStore(),
    lockout: new Lockout(vault, clock),
    rooms,
    jobs,
    crypto,
    audit,
    auditPublicKey: createPublicKey(signingKey).export({ type: 'spki', format: 'pem' }),
    auditText: auditSerializer({ hmac: auditHmac(secrets.auditSalt), clearHeaders: settings.clearHeaders }),
    settings,
    cache: new AnswerCache(options.cacheBytes),
    wrappingJwt: await readWrappingJwt(vault),
    quotas: new Quotas(vault),
  };
  const housekeeping = new Housekeeping(unsealed, log);
  opened.push(() => housekeeping.stop());
  await inTransaction(unsealed, (tx) => noteVersion(tx, options.version, clock.now()));
  await unsealed.quotas.load();
  await migrateMounts(unsealed, log);
  await housekeeping.start();
  await applyDeclared(unsealed, declared, log);
  await leases.start();
  return { unsealed, housekeeping };
}

/** A storage that is older than the audit has seen it was rolled back, or belongs to another audit file. */
function checkHead({ acceptRollback, log }: ServerOptions, head: number, seen: number): void {
  if (seen <= head) return;
  const what = `the storage is at revision ${head}, but the audit has seen revision ${seen}: it was rolled back, or the audit belongs to another server`;
  if (!acceptRollback) throw new StrongroomError('unavailable', `${what}; start with -accept-rollback to go on with the older data`);
  log.warn({ head, seen }, what);
}
