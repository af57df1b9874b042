/** Work of engines that no request asks for: their jobs, by the clock, and the migrations of their mounts, before the first call. */
import { compareVersions, migrationsBetween } from '@strongroom/sdk-plugin/hosting';
import type { Logger } from 'pino';
import { inTransaction } from '../barrier/in-transaction.ts';
import { applyReply } from '../lease/apply-reply.ts';
import { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { type Mount, readMounts, writeMounts } from '../mounts/mount-table.ts';
import type { Unsealed } from '../request/host.ts';
import { mountWorld, unrouted } from '../runner/engine-call.ts';
import { jobsDirectory } from './mount-change.ts';

/** Transactions of one job in a row: then others have their turn. */
const stepsMax = 100;

/** Runs the jobs of all mounts that are due. A job that fails is tried again when it would be due again. */
export async function runJobs(unsealed: Unsealed, log: Logger, stopped: () => boolean): Promise<void> {
  const { mounts } = await readMounts(new Transaction(unsealed));
  for (const mount of mounts) {
    // Nothing is loaded for the sake of a job: what has none should cost no worker.
    const engine = unsealed.rooms.loaded(mount.plugin, mount.class, mount.isolation);
    for (const [job, every] of Object.entries(engine?.outline.jobs ?? {})) {
      if (stopped()) return;
      if (engine === undefined || !(await isDue(unsealed, mount, job, every))) continue;
      try {
        await runJob(unsealed, mount, job, stopped);
      } catch (error) {
        log.warn({ err: error, mount: mount.path, job }, 'a job of an engine failed');
      }
      await inTransaction(unsealed, (tx) => {
        tx.put(`${jobsDirectory}${mount.id}/${job}`, Buffer.from(String(unsealed.clock.now())));
        return Promise.resolve();
      });
    }
  }
}

async function isDue(unsealed: Unsealed, mount: Mount, job: string, every: number): Promise<boolean> {
  const ran = await new Transaction(unsealed).get(`${jobsDirectory}${mount.id}/${job}`);
  return ran === undefined || unsealed.clock.now() >= Number(Buffer.from(ran).toString()) + every * 1000;
}

async function runJob(
  unsealed: Unsealed,
  { id, plugin, class: mountClass, isolation }: Mount,
  job: string,
  stopped: () => boolean,
): Promise<void> {
  const { room } = await unsealed.rooms.engine(plugin, mountClass, isolation);
  for (let step = 0; step < stepsMax && !stopped(); step++) {
    const more = await inTransaction(unsealed, async (tx) => {
      const mount = (await readMounts(tx)).mounts.find((one) => one.id === id);
      if (mount === undefined) return false;
      const reply = await room.call(unrouted(mount, 'job', job, unsealed.clock.now()), mountWorld(tx, mount, unsealed.crypto.of(mount.id)));
      await applyReply(tx, mount, reply, unsealed.clock.now());
      return reply.more === true;
    });
    if (!more) return;
  }
}

/**
 * Brings every mount to the version of its plugin: each migration and the note that it has run are one commit.
 * @throws StrongroomError `unavailable` for a mount that a newer plugin has served
 */
export async function migrateMounts(unsealed: Unsealed, log: Logger): Promise<void> {
  const { mounts } = await readMounts(new Transaction(unsealed));
  for (const { id, plugin, class: mountClass, isolation, path, pluginVersion } of mounts) {
    const { version } = unsealed.rooms.entry(plugin, mountClass);
    if (pluginVersion === version) continue;
    if (compareVersions(version, pluginVersion) < 0)
      throw new StrongroomError(
        'unavailable',
        `mount ${path}: version ${pluginVersion} of ${plugin} has served it, and this is ${version}`,
      );
    const { room, outline } = await unsealed.rooms.engine(plugin, mountClass, isolation);
    for (const to of migrationsBetween(outline.migrations, pluginVersion, version)) {
      await migrate(unsealed, id, to, (tx, mount) =>
        room.call(unrouted(mount, 'migrate', to, unsealed.clock.now()), mountWorld(tx, mount, unsealed.crypto.of(id))),
      );
      log.info({ mount: path, version: to }, 'a mount was migrated');
    }
    await migrate(unsealed, id, version, () => Promise.resolve(undefined));
  }
}

type Call = ReturnType<Awaited<ReturnType<Unsealed['rooms']['engine']>>['room']['call']>;

function migrate(
  unsealed: Unsealed,
  id: string,
  to: string,
  run: (tx: Transaction, mount: Mount) => Call | Promise<undefined>,
): Promise<void> {
  return inTransaction(unsealed, async (tx) => {
    const table = await readMounts(tx);
    const mount = table.mounts.find((one) => one.id === id);
    if (mount === undefined) return;
    const reply = await run(tx, mount);
    if (reply !== undefined) await applyReply(tx, mount, reply, unsealed.clock.now());
    writeMounts(tx, table.with({ ...mount, pluginVersion: to }));
  });
}
