/** Policies, mounts and auth methods that the config declares: applied at every unsealing, idempotently. What the config does not name stays as it is. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { type Mount, readMounts, writeMounts } from '../mounts/mount-table.ts';
import { policyName } from '../policy/policy-store.ts';
import type { Unsealed } from '../request/host.ts';
import { Conflict } from '../storage/types.ts';
import { mountEngine, mountPath, type NewMount, withOptions } from './mount-change.ts';
import { optionTexts } from './mount-settings.ts';
import type { KeyringChange } from '../barrier/keyring-change.ts';

/** What a config declares. */
export interface Declared {
  readonly mounts: readonly NewMount[];
  /** Auth methods: paths below `auth/`. */
  readonly auth?: readonly NewMount[];
  readonly policies: readonly { readonly name: string; readonly rules: string }[];
}

/** Makes the store hold what is declared. @throws StrongroomError `invalid` naming the mount or policy that can't be */
export async function applyDeclared(unsealed: Unsealed, declared: Declared, log: Logger): Promise<void> {
  for (const { name, rules } of declared.policies) {
    await apply(unsealed, `sys/policies/acl/${name}`, async (tx) => {
      const stored = await unsealed.policies.read(tx, policyName(name));
      if (stored?.text !== rules) unsealed.policies.write(tx, policyName(name), rules);
      return undefined;
    });
  }
  for (const wanted of declared.mounts) {
    await apply(unsealed, `sys/mounts/${wanted.path}`, (tx) => applyMount(tx, unsealed, wanted, 'secret'));
  }
  for (const wanted of declared.auth ?? []) {
    await apply(unsealed, `sys/auth/${wanted.path}`, (tx) => applyMount(tx, unsealed, wanted, 'auth'));
  }
  log.info(
    { mounts: declared.mounts.length, auth: declared.auth?.length ?? 0, policies: declared.policies.length },
    'the config has been applied',
  );
}

async function applyMount(
  tx: Transaction,
  unsealed: Unsealed,
  wanted: NewMount,
  mountClass: Mount['class'],
): Promise<KeyringChange | undefined> {
  const table = await readMounts(tx);
  const mount = table.at(mountPath(wanted.path, mountClass));
  if (mount === undefined) return (await mountEngine(tx, unsealed, wanted, mountClass)).keyring;
  const { type, options } = unsealed.rooms.serving(wanted.type, mountClass, { ...mount.options, ...wanted.options });
  if (type !== mount.type) {
    throw new StrongroomError(
      'invalid',
      `${mountClass === 'auth' ? 'auth' : 'mounts'}: ${mount.path} is mounted with type ${mount.type}, the config says ${wanted.type}; disable it first`,
    );
  }
  const served = await withOptions(unsealed, mount, optionTexts(options ?? undefined));
  const { isolation } = await unsealed.rooms.engine(served.plugin, mountClass, wanted.isolation);
  const changed: Mount = {
    ...served,
    description: wanted.description === '' ? mount.description : wanted.description,
    config: { ...mount.config, ...wanted.config },
    isolation,
    ...(wanted.hosts === undefined ? {} : { hosts: wanted.hosts }),
  };
  if (JSON.stringify(changed) !== JSON.stringify(mount)) writeMounts(tx, table.with(changed));
  return undefined;
}

/** Runs one change of the config as a transaction, with its line in the audit first. */
async function apply(unsealed: Unsealed, path: string, change: (tx: Transaction) => Promise<KeyringChange | undefined>): Promise<void> {
  for (let tries = 0; ; tries++) {
    const tx = new Transaction(unsealed);
    const keyring = await change(tx);
    if (!tx.dirty) return;
    const { auditText, audit, clock } = unsealed;
    const auth = auditText.auth({ displayName: 'config', policies: [], tokenPolicies: [], tokenType: 'default' });
    await audit.record(
      auditText.requestEntry({ time: clock.now(), auth, request: auditText.request({ id: randomUUID(), operation: 'update', path }) }),
      { sync: true },
    );
    try {
      await (keyring === undefined ? tx.commit() : keyring.commit()).durable;
      return;
    } catch (error) {
      if (!(error instanceof Conflict) || tries > 8) throw error;
    }
  }
}
