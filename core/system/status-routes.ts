/** Routes that work while sealed: initialization, unsealing, and what load balancers and clients ask first. They are not audited. */
import { schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { type HostRoute, hostRoute } from '../request/host-route.ts';
import type { Head } from '../request/head.ts';
import { type Answer, plainAnswer } from '../request/incoming.ts';
import { readPublicKeys, refusePgp, shareFields } from './new-shares.ts';
import type { Server } from './server.ts';

/** When this version was built: the date of its release. */
const buildDate = '2026-11-21T00:00:00Z';

/** What seal-status and unseal answer. */
export function sealStatus(server: Server): Record<string, unknown> {
  const { boot, unsealed, options, progress } = server;
  const sealed = unsealed === undefined;
  const shamir = boot?.shamir;
  return {
    type: server.automatic ? options.seals[0]!.type : 'shamir',
    initialized: boot !== undefined,
    sealed,
    t: shamir?.threshold ?? 0,
    n: shamir?.shares ?? 0,
    progress: progress.count,
    nonce: progress.nonce,
    version: options.apiVersion,
    build_date: buildDate,
    commit_date: buildDate,
    migration: false,
    ...(sealed || boot === undefined ? {} : { cluster_name: boot.clusterName, cluster_id: boot.clusterId }),
    recovery_seal: server.automatic,
    storage_type: options.directory.type,
    strongroom_version: options.version,
  };
}

/** A status code that a query names; the default otherwise. */
function chosenCode(head: Head, name: string, otherwise: number): number {
  const text = head.query.get(name);
  if (text === undefined) return otherwise;
  const code = Number(text);
  if (!/^\d{3}$/.test(text) || code < 200 || code > 599)
    throw new StrongroomError('invalid', `query ${name}: must be a status code from 200 to 599`);
  return code;
}

function health(server: Server, head: Head): Answer {
  const { boot, unsealed, options } = server;
  const initialized = boot !== undefined;
  const status = !initialized
    ? chosenCode(head, 'uninitcode', 501)
    : unsealed === undefined
      ? chosenCode(head, 'sealedcode', 503)
      : chosenCode(head, 'activecode', 200);
  return plainAnswer(status, {
    initialized,
    sealed: unsealed === undefined,
    standby: unsealed === undefined,
    performance_standby: false,
    replication_performance_mode: 'disabled',
    replication_dr_mode: 'disabled',
    server_time_utc: Math.floor(options.wallClock() / 1000),
    version: options.apiVersion,
    ...(unsealed === undefined || boot === undefined ? {} : { cluster_name: boot.clusterName, cluster_id: boot.clusterId }),
    strongroom_version: options.version,
  });
}

const initInput = {
  secret_shares: s.optional(s.integer({ maximum: 255 })),
  secret_threshold: s.optional(s.integer({ maximum: 255 })),
  stored_shares: s.optional(s.integer()),
  pgp_keys: s.optional(s.stringList()),
  recovery_shares: s.optional(s.integer({ maximum: 255 })),
  recovery_threshold: s.optional(s.integer({ maximum: 255 })),
  recovery_pgp_keys: s.optional(s.stringList()),
  root_token_pgp_key: s.optional(s.string()),
  share_public_keys: s.optional(s.stringList()),
};

async function init(server: Server, input: s.InferFields<typeof initInput>): Promise<Answer> {
  refusePgp({ pgp_keys: input.pgp_keys, recovery_pgp_keys: input.recovery_pgp_keys, root_token_pgp_key: input.root_token_pgp_key });
  if (server.automatic && ((input.secret_shares ?? 0) > 0 || (input.recovery_shares ?? 0) > 1)) {
    throw new StrongroomError(
      'invalid',
      'field secret_shares: this server unseals by itself and has no shares; recovery shares are not supported',
    );
  }
  if (!server.automatic && input.secret_shares === undefined) throw new StrongroomError('invalid', 'missing required field secret_shares');
  const shares = input.secret_shares ?? 1;
  const publicKeys = readPublicKeys(input.share_public_keys, shares);
  const threshold = input.secret_threshold ?? 1;
  const made = await server.initialize({ shares, threshold, ...(publicKeys === undefined ? {} : { publicKeys }) });
  const answer = plainAnswer(200, {
    ...shareFields(made.shares),
    ...(server.automatic ? { recovery_keys: null, recovery_keys_base64: null } : {}),
    root_token: made.rootToken,
  });
  for (const share of made.shares) share.fill(0);
  return { ...answer, sent: () => server.confirm() };
}

const unsealInput = { key: s.optional(s.string({ maxLength: 256 })), reset: s.optional(s.boolean()), migrate: s.optional(s.boolean()) };

async function unseal(server: Server, input: s.InferFields<typeof unsealInput>): Promise<Answer> {
  if (input.migrate === true) throw new StrongroomError('invalid', 'field migrate: seal migration is not supported');
  if (input.reset === true) {
    server.progress.reset();
  } else {
    if (input.key === undefined || input.key === '')
      throw new StrongroomError('invalid', "'key' must be specified in request body as JSON, or 'reset' set to true");
    await server.unsealWith(input.key);
  }
  return plainAnswer(200, sealStatus(server));
}

/** The routes. */
export function statusRoutes(server: Server): Readonly<Record<string, HostRoute>> {
  return {
    ...hostRoute('sys/init', {
      summary: 'Initialization',
      access: 'public',
      read: { raw: () => plainAnswer(200, { initialized: server.boot !== undefined }) },
      update: { input: initInput, raw: (_, __, input) => init(server, input) },
    }),
    ...hostRoute('sys/seal-status', {
      summary: 'Seal status',
      access: 'public',
      read: { raw: () => plainAnswer(200, sealStatus(server)) },
    }),
    ...hostRoute('sys/unseal', {
      summary: 'Give a share',
      access: 'public',
      update: { input: unsealInput, raw: (_, __, input) => unseal(server, input) },
    }),
    ...hostRoute('sys/health', { summary: 'Health', access: 'public', read: { raw: (_, head) => health(server, head) } }),
    ...hostRoute('sys/leader', {
      summary: 'Leader',
      access: 'public',
      read: {
        raw: () =>
          plainAnswer(200, {
            ha_enabled: false,
            is_self: false,
            active_time: '0001-01-01T00:00:00Z',
            leader_address: '',
            leader_cluster_address: '',
            performance_standby: false,
            performance_standby_last_remote_wal: 0,
          }),
      },
    }),
    ...hostRoute('sys/seal', {
      summary: 'Seal',
      access: 'sudo',
      // Sealing waits for the requests under way, this one excepted.
      update: { handler: () => ({ after: () => server.seal(1) }) },
    }),
  };
}
