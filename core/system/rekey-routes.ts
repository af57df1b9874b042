/** `sys/rekey/…`: raw answers, as old clients expect them, yet decided and recorded like every other. */
import { schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { type HostRoute, hostRoute } from '../request/host-route.ts';
import { type Answer, plainAnswer } from '../request/incoming.ts';
import { fingerprint, readPublicKeys, refusePgp, shareFields } from './new-shares.ts';
import { deleteBackups, readBackup } from './rekey-backup.ts';
import type { Rekeyed } from './rekey.ts';
import type { Server } from './server.ts';

const startInput = {
  secret_shares: s.optional(s.integer({ maximum: 255 })),
  secret_threshold: s.optional(s.integer({ maximum: 255 })),
  pgp_keys: s.optional(s.stringList()),
  share_public_keys: s.optional(s.stringList()),
  backup: s.optional(s.boolean()),
  require_verification: s.optional(s.boolean()),
};

/** A share and the nonce of what it is for; unsealing alone needs none. */
export const shareInput: { readonly key: s.Schema<string | undefined>; readonly nonce: s.Schema<string | undefined> } = {
  key: s.optional(s.string({ maxLength: 256 })),
  nonce: s.optional(s.string({ maxLength: 256 })),
};

/** Both are needed. @throws StrongroomError `invalid` */
export function shareAndNonce({ key, nonce }: s.InferFields<typeof shareInput>): readonly [key: string, nonce: string] {
  if (key === undefined || key === '') throw new StrongroomError('invalid', "'key' must be specified in request body as JSON");
  if (nonce === undefined || nonce === '') throw new StrongroomError('invalid', "'nonce' must be specified in request body as JSON");
  return [key, nonce];
}

function status({ rekey }: Server): Record<string, unknown> {
  const { threshold } = rekey.shamir();
  const { current } = rekey;
  return {
    nonce: current?.nonce ?? '',
    started: current !== undefined,
    t: current?.wish.threshold ?? 0,
    n: current?.wish.shares ?? 0,
    progress: current?.collected.count ?? 0,
    required: threshold,
    pgp_fingerprints: null,
    share_fingerprints: current?.wish.publicKeys?.map(fingerprint) ?? null,
    backup: current?.wish.backup ?? false,
    verification_required: current?.wish.requireVerification ?? false,
    ...(current?.made === undefined ? {} : { verification_nonce: current.made.verificationNonce }),
  };
}

function start(server: Server, input: s.InferFields<typeof startInput>): Answer {
  refusePgp({ pgp_keys: input.pgp_keys });
  const shares = input.secret_shares ?? 0;
  const publicKeys = readPublicKeys(input.share_public_keys, shares);
  server.rekey.start({
    shares,
    threshold: input.secret_threshold ?? 0,
    backup: input.backup ?? false,
    requireVerification: input.require_verification ?? false,
    ...(publicKeys === undefined ? {} : { publicKeys }),
  });
  return plainAnswer(200, status(server));
}

async function update(server: Server, share: string, nonce: string): Promise<Answer> {
  const done = await server.rekey.update(share, nonce);
  return done === undefined ? plainAnswer(200, status(server)) : handOut(done);
}

function handOut({ rekeying, handed, verificationNonce, sent }: Rekeyed): Answer {
  const { nonce, wish } = rekeying;
  const answer = plainAnswer(200, {
    nonce,
    complete: true,
    ...shareFields(handed),
    pgp_fingerprints: null,
    share_fingerprints: wish.publicKeys?.map(fingerprint) ?? null,
    backup: wish.backup,
    verification_required: verificationNonce !== undefined,
    ...(verificationNonce === undefined ? {} : { verification_nonce: verificationNonce }),
  });
  for (const share of handed) share.fill(0);
  return { ...answer, sent };
}

function verifyStatus(server: Server): Answer {
  const { rekeying, made } = server.rekey.verifying();
  const { threshold: t, shares: n } = rekeying.wish;
  return plainAnswer(200, { nonce: made.verificationNonce, started: true, t, n, progress: made.collected.count });
}

async function verify(server: Server, share: string, nonce: string): Promise<Answer> {
  return (await server.rekey.verify(share, nonce)) ? plainAnswer(200, { nonce, complete: true }) : verifyStatus(server);
}

function noRecoveryKeys(): never {
  throw new StrongroomError('invalid', 'recovery keys are not supported: there are none to rekey or to show');
}

/** The routes. */
export function rekeyRoutes(server: Server): Readonly<Record<string, HostRoute>> {
  const access = server.options.unauthenticated.rekey ? 'public' : 'sudo';
  return {
    ...hostRoute('sys/rekey/init', {
      summary: 'Rekey: status, start, cancel',
      access,
      read: { handler: () => ({ raw: plainAnswer(200, status(server)) }) },
      update: { input: startInput, handler: async ({ outside }, _, input) => ({ raw: await outside(async () => start(server, input)) }) },
      delete: {
        handler: ({ outside }) => outside(async () => (server.rekey.shamir(), server.rekey.cancel(), undefined)),
      },
    }),
    ...hostRoute('sys/rekey/update', {
      summary: 'Rekey: give a share',
      access,
      update: {
        input: shareInput,
        handler: async ({ outside }, _, input) => {
          const [share, nonce] = shareAndNonce(input);
          return { raw: await outside(() => update(server, share, nonce)) };
        },
      },
    }),
    ...hostRoute('sys/rekey/verify', {
      summary: 'Rekey: prove that the new shares arrived',
      access,
      read: { handler: () => ({ raw: verifyStatus(server) }) },
      update: {
        input: shareInput,
        handler: async ({ outside }, _, input) => {
          const [share, nonce] = shareAndNonce(input);
          return { raw: await outside(() => verify(server, share, nonce)) };
        },
      },
      delete: {
        handler: async ({ outside }) => ({ raw: await outside(async () => (server.rekey.restartVerification(), verifyStatus(server))) }),
      },
    }),
    ...hostRoute('sys/rekey/backup', {
      summary: 'The sealed shares of the last rekey',
      access: 'sudo',
      topLevel: true,
      read: {
        handler: async ({ tx }) => {
          const backup = await readBackup(tx, server.rekey.shamir());
          if (backup === undefined) throw new StrongroomError('invalid', 'no backed-up keys found');
          const base64 = Object.entries(backup.keys).map(([holder, keys]) => [
            holder,
            keys.map((key) => Buffer.from(key, 'hex').toString('base64')),
          ]);
          return {
            data: { nonce: backup.nonce, keys: backup.keys, keys_base64: Object.fromEntries(base64) as Readonly<Record<string, string[]>> },
          };
        },
      },
      delete: { handler: async ({ tx }) => (await deleteBackups(tx), undefined) },
    }),
    ...hostRoute('sys/rekey/recovery-key-backup', {
      summary: 'Recovery keys: not supported',
      access: 'sudo',
      read: { handler: noRecoveryKeys },
      delete: { handler: noRecoveryKeys },
    }),
    ...hostRoute('sys/rekey-recovery-key/{operation}', {
      summary: 'Recovery keys: not supported',
      access,
      read: { handler: noRecoveryKeys },
      update: { handler: noRecoveryKeys },
      delete: { handler: noRecoveryKeys },
    }),
  };
}
