/** `auth/token/…`: creation, look-up, renewal and revocation of tokens, each also for oneself and by accessor. */
import { schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { isBatchText } from '../identity/batch-token.ts';
import { isRoot, type StoredToken, tokenBytesMax, tokenType } from '../identity/token.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import type { Server } from './server.ts';
import { createToken } from './token-create.ts';
import { createInput } from './token-create-input.ts';
import { lookupData } from './token-lookup.ts';
import { pageInput, pageOf } from './token-page.ts';
import { renewToken } from './token-renew.ts';
import { tokenRoleRoutes } from './token-role-routes.ts';

function mustCall(ctx: HostContext): StoredToken {
  if (ctx.caller === undefined) throw new StrongroomError('denied', 'permission denied');
  return ctx.caller;
}

async function byAccessor(ctx: HostContext, accessor: string): Promise<StoredToken> {
  const found = await ctx.unsealed.tokens.findByAccessor(ctx.tx, accessor);
  if (found === undefined) throw new StrongroomError('invalid', '1 error occurred:\n\t* invalid accessor\n\n');
  return found;
}

async function lookup(ctx: HostContext, text: string | undefined): Promise<HostReply> {
  const id = text === undefined || text === '' ? (ctx.head.token ?? '') : text;
  const found = text === undefined || text === '' ? ctx.caller : await ctx.unsealed.tokens.find(ctx.tx, id);
  if (found === undefined) throw new StrongroomError('denied', 'bad token');
  return lookupData(ctx, id, found);
}

function notBatch(token: StoredToken): StoredToken {
  if (tokenType(token.record) === 'batch') throw new StrongroomError('invalid', 'batch tokens cannot be revoked');
  return token;
}

async function revoke(ctx: HostContext, hash: string): Promise<HostReply> {
  await ctx.unsealed.tokens.revoke(ctx.tx, hash);
  return { urgent: true };
}

async function revokeByText(ctx: HostContext, token: string): Promise<HostReply | undefined> {
  const { tokens } = ctx.unsealed;
  if (!isBatchText(token)) return revoke(ctx, tokens.hash(token));
  const found = await tokens.find(ctx.tx, token);
  if (found !== undefined) notBatch(found);
  return undefined;
}

async function revokeOrphan(ctx: HostContext, token: string): Promise<HostReply> {
  if (!ctx.sudo && !isRoot(mustCall(ctx).record))
    throw new StrongroomError('invalid', 'root or sudo privileges required to revoke and orphan');
  const found = await ctx.unsealed.tokens.find(ctx.tx, token);
  if (found === undefined) throw new StrongroomError('invalid', 'token to revoke not found');
  await ctx.unsealed.tokens.revokeOrphan(ctx.tx, notBatch(found));
  return { urgent: true };
}

const tokenField = { token: s.string({ maxLength: tokenBytesMax }) };
const optionalToken = { token: s.optional(s.string({ maxLength: tokenBytesMax })) };
const accessorField = { accessor: s.string({ maxLength: tokenBytesMax }) };
const increment = { increment: s.optional(s.duration()) };

/** The routes. */
export function tokenRoutes(server: Server): Readonly<Record<string, HostRoute>> {
  return {
    ...hostRoute('auth/token/create', {
      summary: 'Create a token',
      update: { input: createInput, handler: (ctx, _, input) => createToken(ctx, input, {}) },
    }),
    ...hostRoute('auth/token/create/{role}', {
      summary: 'Create a token by a role',
      update: { input: createInput, handler: (ctx, { role }, input) => createToken(ctx, input, { role }) },
    }),
    ...hostRoute('auth/token/create-orphan', {
      summary: 'Create a token without parent',
      update: { input: createInput, handler: (ctx, _, input) => createToken(ctx, input, { orphan: true }) },
    }),
    ...tokenRoleRoutes,
    ...hostRoute('auth/token/accessors', {
      summary: 'List the accessors of all tokens',
      access: 'sudo',
      list: {
        input: pageInput,
        handler: (ctx, _, input) => pageOf(input, (after, limit) => ctx.unsealed.tokens.accessors(ctx.tx, after, limit)),
      },
    }),
    ...hostRoute('auth/token/lookup', {
      summary: 'Look a token up',
      update: { input: optionalToken, handler: (ctx, _, input) => lookup(ctx, input.token) },
      read: { input: optionalToken, handler: (ctx, _, input) => lookup(ctx, input.token) },
    }),
    ...hostRoute('auth/token/lookup-self', {
      summary: "Look the caller's token up",
      read: { handler: (ctx) => lookup(ctx, undefined) },
      update: { handler: (ctx) => lookup(ctx, undefined) },
    }),
    ...hostRoute('auth/token/lookup-accessor', {
      summary: 'Look a token up by its accessor',
      update: { input: accessorField, handler: async (ctx, _, input) => lookupData(ctx, '', await byAccessor(ctx, input.accessor)) },
    }),
    ...hostRoute('auth/token/renew', {
      summary: 'Renew a token',
      update: {
        input: { ...tokenField, ...increment },
        handler: async (ctx, _, input) => {
          const found = await ctx.unsealed.tokens.find(ctx.tx, input.token);
          if (found === undefined) throw new StrongroomError('invalid', 'token not found');
          return renewToken(ctx, input.token, found, input.increment ?? 0);
        },
      },
    }),
    ...hostRoute('auth/token/renew-self', {
      summary: "Renew the caller's token",
      update: {
        input: increment,
        handler: (ctx, _, input) => renewToken(ctx, ctx.head.token ?? '', mustCall(ctx), input.increment ?? 0),
      },
    }),
    ...hostRoute('auth/token/renew-accessor', {
      summary: 'Renew a token by its accessor',
      update: {
        input: { ...accessorField, ...increment },
        handler: async (ctx, _, input) => renewToken(ctx, '', await byAccessor(ctx, input.accessor), input.increment ?? 0),
      },
    }),
    ...hostRoute('auth/token/revoke', {
      summary: 'Revoke a token and all below it',
      update: { input: tokenField, handler: (ctx, _, input) => revokeByText(ctx, input.token) },
    }),
    ...hostRoute('auth/token/revoke-self', {
      summary: "Revoke the caller's token",
      update: { handler: (ctx) => revoke(ctx, notBatch(mustCall(ctx)).hash) },
    }),
    ...hostRoute('auth/token/revoke-accessor', {
      summary: 'Revoke a token by its accessor',
      update: {
        input: accessorField,
        handler: async (ctx, _, input) => {
          const found = await ctx.unsealed.tokens.findByAccessor(ctx.tx, input.accessor);
          if (found === undefined) return { warnings: ['No token found with this accessor'] };
          return revoke(ctx, found.hash);
        },
      },
    }),
    ...hostRoute('auth/token/revoke-orphan', {
      summary: 'Revoke a token, and let those below it live on',
      update: { input: tokenField, handler: (ctx, _, input) => revokeOrphan(ctx, input.token) },
    }),
    ...hostRoute('auth/token/tidy', {
      summary: 'Repair what leads to tokens, in the background',
      update: {
        handler: () => {
          const started = server.housekeeping?.tidyTokens() === true;
          const warning = started
            ? 'Tidy operation successfully started. Any information from the operation will be printed to the log of the server.'
            : 'Tidy operation already in progress.';
          return { status: 202, warnings: [warning] };
        },
      },
    }),
  };
}
