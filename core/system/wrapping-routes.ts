/** `sys/wrapping/…`: wrapping what a client sends, and looking at, unwrapping and rewrapping what was wrapped. */
import { OpaqueJson, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { type StoredToken, tokenBytesMax } from '../identity/token.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { rfc3339 } from '../request/time-text.ts';
import { forgetWrapped, type KeptAnswer, wrapOutcome, wrappedBy, wrappingTokenIn } from '../request/wrap.ts';

const unknown = 'wrapping token is not valid or does not exist';
const tokenInput = { token: s.optional(s.string({ maxLength: tokenBytesMax })) };

interface Wrapped {
  readonly token: StoredToken;
  readonly kept: KeptAnswer;
}

/** The wrapping token of a request, in its body or as the caller's own, with what it stands for. @throws StrongroomError `invalid` when it is none */
async function wrappedOf(ctx: HostContext, named: string | undefined): Promise<Wrapped> {
  const { unsealed, tx, caller } = ctx;
  const own = named === undefined || named === '';
  const text = own ? '' : await wrappingTokenIn(unsealed, tx, named, caller?.hash);
  // Some clients send the token both ways; its one use has been taken by this very request then.
  const token = own || caller?.hash === unsealed.tokens.hash(text) ? caller : await unsealed.tokens.find(tx, text);
  const kept = token === undefined ? undefined : await wrappedBy(tx, token);
  if (token === undefined || kept === undefined) throw new StrongroomError('invalid', unknown);
  return { token, kept };
}

async function unwrap(ctx: HostContext, named: string | undefined): Promise<HostReply> {
  const { token, kept } = await wrappedOf(ctx, named);
  await forgetWrapped(ctx.unsealed, ctx.tx, token);
  return { outcome: { ...kept.outcome, requestId: kept.requestId } };
}

async function rewrap(ctx: HostContext, named: string | undefined): Promise<HostReply> {
  const { token, kept } = await wrappedOf(ctx, named);
  const { issueTtl: ttl, path: creationPath } = token.record;
  await forgetWrapped(ctx.unsealed, ctx.tx, token);
  return { outcome: await wrapOutcome(ctx.unsealed, ctx.tx, kept, { ttl, creationPath, jwt: ctx.head.wrapFormat === 'jwt' }) };
}

async function lookUp(ctx: HostContext, named: string | undefined): Promise<HostReply> {
  const { record } = (await wrappedOf(ctx, named)).token;
  return { data: { creation_path: record.path, creation_time: rfc3339(record.createdAt), creation_ttl: record.issueTtl } };
}

function wrap({ head, body }: HostContext): HostReply {
  if (head.wrapTtl === undefined)
    throw new StrongroomError('invalid', 'endpoint requires response wrapping to be used: send header X-Vault-Wrap-TTL');
  return { data: new OpaqueJson(body.json ?? '{}') };
}

/** The routes. */
export const wrappingRoutes: Readonly<Record<string, HostRoute>> = {
  ...hostRoute('sys/wrapping/wrap', { summary: 'Wrap what is sent', topLevel: true, update: { handler: wrap } }),
  ...hostRoute('sys/wrapping/unwrap', {
    summary: 'What a wrapping token stands for, once',
    unknownToken: unknown,
    update: { input: tokenInput, handler: (ctx, _, { token }) => unwrap(ctx, token) },
  }),
  ...hostRoute('sys/wrapping/rewrap', {
    summary: 'A new wrapping token in place of one',
    unknownToken: unknown,
    update: { input: tokenInput, handler: (ctx, _, { token }) => rewrap(ctx, token) },
  }),
  ...hostRoute('sys/wrapping/lookup', {
    summary: 'When, and by which path, an answer was wrapped',
    access: 'public',
    read: { input: tokenInput, handler: (ctx, _, { token }) => lookUp(ctx, token) },
    update: { input: tokenInput, handler: (ctx, _, { token }) => lookUp(ctx, token) },
  }),
  ...hostRoute('sys/wrapping/pubkey', {
    summary: 'The key that signs wrapping tokens in the form of JWTs',
    access: 'public',
    read: {
      handler: ({ unsealed }) => {
        const { x, y } = unsealed.wrappingJwt.point();
        return { data: { jwt_x: x, jwt_y: y, jwt_curve: 'p521' } };
      },
    },
  }),
};
