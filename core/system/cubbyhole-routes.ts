/** `cubbyhole/…`: storage that a token has for itself. Nobody else reaches it, root included, and it ends with the token. */
import { OpaqueJson } from '@strongroom/sdk-plugin';
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { cubbyholeDirectory } from '../identity/cubbyhole.ts';
import { isWrapping, type StoredToken, tokenType } from '../identity/token.ts';
import { envelope } from '../request/envelope.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { forgetWrapped, wrappedBy } from '../request/wrap.ts';

/** Largest secret, in bytes. */
const secretBytesMax = 524_288;

function owner({ caller }: Pick<HostContext, 'caller'>): StoredToken {
  if (caller === undefined) throw new StrongroomError('denied', 'permission denied');
  if (tokenType(caller.record) === 'batch')
    throw new StrongroomError('invalid', 'cubbyhole operations are only supported by "service" type tokens');
  return caller;
}

async function exists(tx: Transaction, caller: StoredToken | undefined, path: string): Promise<boolean> {
  if (caller === undefined || tokenType(caller.record) === 'batch') return false;
  // What a wrapping token stands for cannot be written over.
  return isWrapping(caller.record) || tx.has(cubbyholeDirectory(caller.record) + path);
}

async function read(ctx: HostContext, path: string): Promise<HostReply | undefined> {
  const token = owner(ctx);
  if (path === 'response' && isWrapping(token.record)) return readWrapped(ctx, token);
  const stored = await ctx.tx.get(cubbyholeDirectory(token.record) + path);
  return stored === undefined ? undefined : { data: new OpaqueJson(Buffer.from(stored).toString()) };
}

/** The old way to unwrap: the whole answer as a text. */
async function readWrapped(ctx: HostContext, token: StoredToken): Promise<HostReply | undefined> {
  const kept = await wrappedBy(ctx.tx, token);
  if (kept === undefined) return undefined;
  await forgetWrapped(ctx.unsealed, ctx.tx, token);
  const { body } = envelope(kept.requestId, kept.outcome);
  return { data: { response: body === undefined ? '' : Buffer.from(body).toString() } };
}

function write(ctx: HostContext, path: string): undefined {
  const token = owner(ctx);
  const { json, fields } = ctx.body;
  if (json === undefined || Object.keys(fields).length === 0) throw new StrongroomError('invalid', 'missing data fields');
  const value = Buffer.from(json);
  if (value.length > secretBytesMax)
    throw new StrongroomError('too-large', `request body: a secret may have at most ${secretBytesMax} bytes`);
  ctx.tx.put(cubbyholeDirectory(token.record) + path, value);
}

async function list(ctx: HostContext, path: string): Promise<HostReply | undefined> {
  const keys = await ctx.tx.list(`${cubbyholeDirectory(owner(ctx).record)}${path === '' ? '' : `${path}/`}`);
  return keys.length === 0 ? undefined : { data: { keys } };
}

/** The routes. */
export const cubbyholeRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('cubbyhole', { summary: "Names in the caller's own storage", list: { handler: (ctx) => list(ctx, '') } }),
  ...hostRoute('cubbyhole/{path+}', {
    summary: "A secret in the caller's own storage",
    exists: (tx, caller, { path }) => exists(tx, caller, path),
    read: { handler: (ctx, { path }) => read(ctx, path) },
    update: { handler: (ctx, { path }) => write(ctx, path) },
    delete: {
      handler: (ctx, { path }) => {
        ctx.tx.delete(cubbyholeDirectory(owner(ctx).record) + path);
        return { urgent: true };
      },
    },
    list: { handler: (ctx, { path }) => list(ctx, path) },
  }),
};
