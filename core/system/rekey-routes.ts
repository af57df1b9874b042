/** `sys/rekey/…`: raw answers, as old clients expect them, yet decided and recorded like every other; `sys/rotate/root/…` is the same with envelopes. */
import { type Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { type AnswerForm, inForm } from './answer-form.ts';
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

type Fields = Readonly<Record<string, Json>>;

function status({ rekey }: Server): Fields {
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

function start(server: Server, input: s.InferFields<typeof startInput>): Fields {
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
  return status(server);
}

async function update(server: Server, form: AnswerForm, share: string, nonce: string): Promise<HostReply> {
  const done = await server.rekey.update(share, nonce);
  return done === undefined ? inForm(form, status(server)) : handOut(form, done);
}

function handOut(form: AnswerForm, { rekeying, handed, verificationNonce, sent }: Rekeyed): HostReply {
  const { nonce, wish } = rekeying;
  const fields = {
    nonce,
    complete: true,
    ...shareFields(handed),
    pgp_fingerprints: null,
    share_fingerprints: wish.publicKeys?.map(fingerprint) ?? null,
    backup: wish.backup,
    verification_required: verificationNonce !== undefined,
    ...(verificationNonce === undefined ? {} : { verification_nonce: verificationNonce }),
  };
  for (const share of handed) share.fill(0);
  return inForm(form, fields, sent);
}

function verifyStatus(server: Server): Fields {
  const { rekeying, made } = server.rekey.verifying();
  const { threshold: t, shares: n } = rekeying.wish;
  return { nonce: made.verificationNonce, started: true, t, n, progress: made.collected.count };
}

async function verify(server: Server, share: string, nonce: string): Promise<Fields> {
  return (await server.rekey.verify(share, nonce)) ? { nonce, complete: true } : verifyStatus(server);
}

function noRecoveryKeys(): never {
  throw new StrongroomError('invalid', 'recovery keys are not supported: there are none to rekey or to show');
}

async function showBackup(server: Server, { tx }: HostContext): Promise<HostReply> {
  const backup = await readBackup(tx, server.rekey.shamir());
  if (backup === undefined) throw new StrongroomError('invalid', 'no backed-up keys found');
  const base64 = Object.entries(backup.keys).map(([holder, keys]) => [
    holder,
    keys.map((key) => Buffer.from(key, 'hex').toString('base64')),
  ]);
  return {
    data: { nonce: backup.nonce, keys: backup.keys, keys_base64: Object.fromEntries(base64) as Readonly<Record<string, string[]>> },
  };
}

interface RekeyPaths {
  readonly init: `sys/${string}`;
  readonly update: `sys/${string}`;
  readonly verify: `sys/${string}`;
  readonly backup: `sys/${string}`;
}

function pathsOf(prefix: string): RekeyPaths {
  return { init: `sys/${prefix}/init`, update: `sys/${prefix}/update`, verify: `sys/${prefix}/verify`, backup: `sys/${prefix}/backup` };
}

function rekeyAt(server: Server, paths: RekeyPaths, access: 'public' | 'sudo', form: AnswerForm): Readonly<Record<string, HostRoute>> {
  return {
    ...hostRoute(paths.init, {
      summary: 'Rekey: status, start, cancel',
      access,
      read: { handler: () => inForm(form, status(server)) },
      update: {
        input: startInput,
        handler: async ({ outside }, _, input) => inForm(form, await outside(async () => start(server, input))),
      },
      delete: {
        handler: ({ outside }) => outside(async () => (server.rekey.shamir(), server.rekey.cancel(), undefined)),
      },
    }),
    ...hostRoute(paths.update, {
      summary: 'Rekey: give a share',
      access,
      update: {
        input: shareInput,
        handler: ({ outside }, _, input) => {
          const [share, nonce] = shareAndNonce(input);
          return outside(() => update(server, form, share, nonce));
        },
      },
    }),
    ...hostRoute(paths.verify, {
      summary: 'Rekey: prove that the new shares arrived',
      access,
      read: { handler: () => inForm(form, verifyStatus(server)) },
      update: {
        input: shareInput,
        handler: async ({ outside }, _, input) => {
          const [share, nonce] = shareAndNonce(input);
          return inForm(form, await outside(() => verify(server, share, nonce)));
        },
      },
      delete: {
        handler: async ({ outside }) => inForm(form, await outside(async () => (server.rekey.restartVerification(), verifyStatus(server)))),
      },
    }),
    ...hostRoute(paths.backup, {
      summary: 'The sealed shares of the last rekey',
      access: 'sudo',
      topLevel: true,
      read: { handler: (ctx) => showBackup(server, ctx) },
      delete: { handler: async ({ tx }) => (await deleteBackups(tx), undefined) },
    }),
  };
}

function refusedPath(path: `sys/${string}`): Readonly<Record<string, HostRoute>> {
  const refusal = { handler: noRecoveryKeys };
  return hostRoute(path, { summary: 'Recovery keys: not supported', access: 'sudo', read: refusal, update: refusal, delete: refusal });
}

/** The routes. */
export function rekeyRoutes(server: Server): Readonly<Record<string, HostRoute>> {
  return {
    ...rekeyAt(server, pathsOf('rekey'), server.options.unauthenticated.rekey ? 'public' : 'sudo', 'raw'),
    ...rekeyAt(server, pathsOf('rotate/root'), 'sudo', 'envelope'),
    ...refusedPath('sys/rekey/recovery-key-backup'),
    ...refusedPath('sys/rekey-recovery-key/{operation}'),
    ...refusedPath('sys/rotate/recovery/{operation}'),
  };
}
