/** `sys/leases/…`: looking at leases, renewing and revoking them. */
import { schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { beginEnding, type LeaseRecord, listLeases, readLease } from '../lease/lease-store.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { rfc3339 } from '../request/time-text.ts';

const idMax = 8192;
const lookupInput = { lease_id: s.string({ maxLength: idMax }) };
const renewInput = {
  lease_id: s.optional(s.string({ maxLength: idMax })),
  increment: s.optional(s.duration()),
};
const revokeInput = { lease_id: s.optional(s.string({ maxLength: idMax })), sync: s.optional(s.boolean()) };

/** The lease of a request: in its path, or in its body. */
function idOf(inPath: string | undefined, { lease_id: inBody }: { readonly lease_id?: string | undefined }): string {
  const id = inPath ?? inBody;
  if (id === undefined || id === '') throw new StrongroomError('invalid', 'missing required field lease_id');
  return id;
}

async function lookUp({ tx, unsealed }: HostContext, { lease_id: id }: s.InferFields<typeof lookupInput>): Promise<HostReply> {
  const lease = await readLease(tx, id);
  if (lease?.state !== 'active') throw new StrongroomError('invalid', 'invalid lease');
  const { issuedAt, expiresAt, renewedAt, renewable } = lease;
  return {
    data: {
      id,
      issue_time: rfc3339(issuedAt),
      expire_time: rfc3339(expiresAt),
      last_renewal: renewedAt === undefined ? null : rfc3339(renewedAt),
      renewable,
      ttl: Math.max(0, Math.floor((expiresAt - unsealed.clock.now()) / 1000)),
    },
  };
}

async function renew(ctx: HostContext, id: string, increment = 0): Promise<HostReply> {
  const lease: LeaseRecord = await ctx.outside(() => ctx.unsealed.leases.renew(id, increment));
  const duration = Math.floor((lease.expiresAt - (lease.renewedAt ?? lease.issuedAt)) / 1000);
  return { lease: { id, renewable: lease.renewable, duration } };
}

/** From the commit on the lease can't be used or renewed; `sync` waits until it is ended outside as well. */
async function revoke({ tx, unsealed }: HostContext, id: string, sync = false): Promise<HostReply | undefined> {
  const lease = await beginEnding(tx, id, unsealed.clock.now());
  if (lease === undefined) return undefined;
  return { urgent: true, after: () => (sync ? unsealed.leases.end(id) : unsealed.leases.wake()) };
}

/** The routes. */
export const leaseRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/leases/lookup', {
    summary: 'A lease',
    update: { input: lookupInput, handler: (ctx, _, input) => lookUp(ctx, input) },
  }),
  ...hostRoute('sys/leases/lookup/{prefix+}', {
    summary: 'Leases below a prefix',
    access: 'sudo',
    list: {
      handler: async ({ tx }, { prefix }) => {
        const keys = await listLeases(tx, prefix.endsWith('/') ? prefix : `${prefix}/`);
        return keys.length === 0 ? undefined : { data: { keys } };
      },
    },
  }),
  ...leasePaths('renew', (template) =>
    hostRoute(template, {
      summary: 'Make a lease last longer',
      update: {
        input: renewInput,
        handler: (ctx, params, input) => renew(ctx, idOf((params as { readonly id?: string }).id, input), input.increment),
      },
    }),
  ),
  ...leasePaths('revoke', (template) =>
    hostRoute(template, {
      summary: 'End a lease',
      update: {
        input: revokeInput,
        handler: (ctx, params, input) => revoke(ctx, idOf((params as { readonly id?: string }).id, input), input.sync),
      },
    }),
  ),
};

/** With the id in the body or in the path, by today's name and by the old one. */
function leasePaths(name: string, make: (template: string) => Record<string, HostRoute>): Readonly<Record<string, HostRoute>> {
  const templates = [`sys/leases/${name}`, `sys/leases/${name}/{id+}`, `sys/${name}`, `sys/${name}/{id+}`];
  return Object.assign({}, ...templates.map(make)) as Readonly<Record<string, HostRoute>>;
}
