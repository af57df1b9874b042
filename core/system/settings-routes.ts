/** `sys/config/cors` and `sys/config/auditing/request-headers`: settings that the API changes while the server runs. */
import { type Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { standardHeaders } from '../request/cors.ts';
import { headerNameMax, isHeaderName } from '../mounts/mount-headers.ts';
import { parseTarget } from '../request/canonical-path.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { readSettings, type StoredSettings, writeSettings } from '../request/live-settings.ts';

/** They hold secrets, whose HMAC the audit shows by itself where it should. */
const neverShown: ReadonlySet<string> = new Set(['x-vault-token', 'authorization', 'cookie', 'proxy-authorization']);
const listMax = 100;
const originMax = 256;

async function change(ctx: HostContext, changed: (stored: StoredSettings) => StoredSettings): Promise<HostReply> {
  const settings = changed(await readSettings(ctx.tx));
  writeSettings(ctx.tx, settings);
  return { after: () => ctx.unsealed.settings.use(settings) };
}

const corsInput = {
  enable: s.optional(s.boolean()),
  allowed_origins: s.optional(s.stringList()),
  allowed_headers: s.optional(s.stringList()),
};

function readCors({ host }: HostContext): HostReply {
  const { cors } = host;
  if (cors === undefined) return { data: { enabled: false } };
  return { data: { enabled: true, allowed_origins: cors.origins, allowed_headers: [...standardHeaders, ...cors.headers] } };
}

function checkedList(field: string, items: readonly string[], isFine: (item: string) => boolean, what: string): readonly string[] {
  if (items.length > listMax) throw new StrongroomError('invalid', `field ${field}: at most ${listMax} items`);
  if (!items.every(isFine)) throw new StrongroomError('invalid', `field ${field}: ${what}`);
  return items;
}

function isOrigin(text: string): boolean {
  return text === '*' || (text.length <= originMax && /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#,]+$/i.test(text));
}

function writeCors(ctx: HostContext, input: s.InferFields<typeof corsInput>): Promise<HostReply> {
  if (input.enable === false) return change(ctx, (stored) => ({ ...stored, cors: null }));
  const origins = checkedList(
    'allowed_origins',
    input.allowed_origins ?? [],
    isOrigin,
    'each must be * or an origin such as https://example.com',
  );
  if (origins.length === 0) throw new StrongroomError('invalid', 'field allowed_origins: at least one origin or * must be given');
  if (origins.includes('*') && origins.length > 1) throw new StrongroomError('invalid', 'field allowed_origins: * stands alone');
  const headers = checkedList(
    'allowed_headers',
    input.allowed_headers ?? [],
    (name) => isHeaderName(name.toLowerCase()),
    'each must be the name of a header',
  );
  return change(ctx, (stored) => ({ ...stored, cors: { origins, headers } }));
}

function shownHeaders({ auditHeaders }: StoredSettings): Record<string, Json> {
  return Object.fromEntries(Object.entries(auditHeaders).map(([name, { hmac }]) => [name, { hmac }]));
}

/** A header's name, lower-cased. @throws StrongroomError `invalid` */
function headerName(raw: string): string {
  const name = raw.toLowerCase();
  if (!isHeaderName(name))
    throw new StrongroomError('invalid', `header: must be the name of a header, of at most ${headerNameMax} characters`);
  return name;
}

async function writeHeader(ctx: HostContext, raw: string, hmac = false): Promise<HostReply> {
  const name = headerName(raw);
  if (neverShown.has(name)) throw new StrongroomError('invalid', `header: ${name} holds secrets and is never shown in the audit`);
  return change(ctx, (stored) => {
    const auditHeaders = { ...stored.auditHeaders, [name]: { hmac } };
    if (Object.keys(auditHeaders).length > listMax) throw new StrongroomError('invalid', `header: at most ${listMax} can be audited`);
    return { ...stored, auditHeaders };
  });
}

async function readHeader({ tx, head, host }: HostContext, name: string): Promise<HostReply> {
  const found = (await readSettings(tx)).auditHeaders[headerName(name)];
  if (found === undefined) throw new StrongroomError('invalid', 'Could not find header in config');
  // Under the name as the client spells it: that is where it looks.
  const asked = parseTarget(head.incoming.target, host.limits.pathBytesMax).path.split('/').at(-1) ?? name;
  return { data: { [asked]: { hmac: found.hmac } } };
}

async function deleteHeader(ctx: HostContext, raw: string): Promise<HostReply> {
  const name = headerName(raw);
  return change(ctx, (stored) => ({
    ...stored,
    auditHeaders: Object.fromEntries(Object.entries(stored.auditHeaders).filter(([one]) => one !== name)),
  }));
}

/** The routes. */
export const settingsRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/config/cors', {
    summary: 'Cross-origin requests',
    access: 'sudo',
    topLevel: true,
    read: { handler: readCors },
    update: { input: corsInput, handler: (ctx, _, input) => writeCors(ctx, input) },
    delete: { handler: (ctx) => change(ctx, (stored) => ({ ...stored, cors: null })) },
  }),
  ...hostRoute('sys/config/auditing/request-headers', {
    summary: 'Headers of requests that the audit shows',
    access: 'sudo',
    topLevel: true,
    read: { handler: async ({ tx }) => ({ data: { headers: shownHeaders(await readSettings(tx)) } }) },
  }),
  ...hostRoute('sys/config/auditing/request-headers/{header}', {
    summary: 'A header of requests that the audit shows',
    lowercase: ['header'],
    access: 'sudo',
    topLevel: true,
    read: { handler: (ctx, { header }) => readHeader(ctx, header) },
    update: { input: { hmac: s.optional(s.boolean()) }, handler: (ctx, { header }, { hmac }) => writeHeader(ctx, header, hmac) },
    delete: { handler: (ctx, { header }) => deleteHeader(ctx, header) },
  }),
};
