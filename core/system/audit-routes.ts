/** `sys/audit` and `sys/audit-hash`. Sinks are set in the config file; the API adds devices only where the config allows it. */
import { type Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { type AuditDevice, type AuditDevicesAllowed, filesOf, readDevices, sinkOf, writeDevice } from './audit-devices.ts';
import type { Server } from './server.ts';

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

function allowedBy({ options }: Server): AuditDevicesAllowed {
  if (options.auditDevices === undefined)
    throw new StrongroomError(
      'invalid',
      'audit devices are set in the config file, under audit_sinks; they cannot be changed through the API',
    );
  return options.auditDevices;
}

async function list(server: Server, { tx, unsealed }: HostContext): Promise<HostReply> {
  const data: Record<string, Json> = {};
  const key = { checkpoint_public_key: unsealed.auditPublicKey };
  for (const { name, type } of server.options.sinkNames)
    data[`${name}/`] = { type, path: `${name}/`, description: 'set in the config file', local: false, options: key };
  for (const [path, { type, description, local, options }] of Object.entries(await readDevices(tx)))
    data[path] = { type, path, description, local, options: { ...options, ...key } };
  return { data };
}

const deviceInput = {
  type: s.string({ maxLength: 64 }),
  description: s.optional(s.string({ maxLength: 4096 })),
  options: s.optional(s.stringMap()),
  local: s.optional(s.boolean()),
};

async function enable(server: Server, ctx: HostContext, raw: string, input: s.InferFields<typeof deviceInput>): Promise<undefined> {
  const allowed = allowedBy(server);
  const name = deviceName(raw);
  const devices = await readDevices(ctx.tx);
  if (isConfigured(server, name) || devices[`${name}/`] !== undefined) throw new StrongroomError('invalid', 'path already in use');
  const device: AuditDevice = {
    type: input.type,
    description: input.description ?? '',
    local: input.local ?? false,
    options: { ...input.options },
  };
  const sink = sinkOf(name, device, { ...allowed, taken: [...allowed.taken, ...filesOf(devices, allowed)] });
  writeDevice(ctx.tx, name, device);
  await ctx.outside(async () => ctx.unsealed.audit.add(await allowed.open(sink)));
  return undefined;
}

function disable(server: Server, ctx: HostContext, raw: string): HostReply {
  allowedBy(server);
  const name = deviceName(raw);
  if (isConfigured(server, name))
    throw new StrongroomError('invalid', 'this audit sink is set in the config file, which alone can take it away');
  writeDevice(ctx.tx, name, undefined);
  return { urgent: true, after: () => ctx.unsealed.audit.remove(name) };
}

function deviceName(raw: string): string {
  const name = raw.replace(/\/$/, '');
  if (!namePattern.test(name)) throw new StrongroomError('invalid', "path: a name of 1 to 128 letters, digits, '.', '_' or '-'");
  return name;
}

function isConfigured({ options }: Server, name: string): boolean {
  return options.sinkNames.some((sink) => sink.name === name);
}

/** The routes. */
export function auditRoutes(server: Server): Readonly<Record<string, HostRoute>> {
  return {
    ...hostRoute('sys/audit', {
      summary: 'Audit sinks',
      access: 'sudo',
      topLevel: true,
      read: { handler: (ctx) => list(server, ctx) },
    }),
    ...hostRoute('sys/audit/{path+}', {
      summary: 'Make and remove audit devices, where the config allows it',
      access: 'sudo',
      update: { input: deviceInput, handler: (ctx, { path }, input) => enable(server, ctx, path, input) },
      delete: { handler: (ctx, { path }) => disable(server, ctx, path) },
    }),
    ...hostRoute('sys/audit-hash/{path+}', {
      summary: 'The hash of a value in the audit',
      topLevel: true,
      update: {
        input: { input: s.string() },
        handler: async ({ unsealed, tx }, { path }, { input }) => {
          const known = isConfigured(server, path) || (await readDevices(tx))[`${path}/`] !== undefined;
          if (!known) throw new StrongroomError('invalid', `unknown audit backend ${path}`);
          return { data: { hash: unsealed.auditText.hmac(input) } };
        },
      },
    }),
  };
}
