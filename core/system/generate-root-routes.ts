/** `sys/generate-root/…`, raw as old clients expect it, `sys/generate-root-token/…` with an envelope, and `sys/decode-token`. */
import { type Json, schema as s } from '@strongroom/sdk-plugin';
import { decodeToken } from '../crypto/token-otp.ts';
import { StrongroomError } from '../errors.ts';
import { type HostRoute, hostRoute } from '../request/host-route.ts';
import { type AnswerForm, inForm } from './answer-form.ts';
import { otpLength } from './generate-root.ts';
import { refusePgp } from './new-shares.ts';
import { shareAndNonce, shareInput } from './rekey-routes.ts';
import type { Server } from './server.ts';

const startInput = { otp: s.optional(s.string({ maxLength: 1024 })), pgp_key: s.optional(s.string()) };
const decodeInput = { encoded_token: s.optional(s.string({ maxLength: 1024 })), otp: s.optional(s.string({ maxLength: 1024 })) };

type Fields = Readonly<Record<string, Json>>;

function status({ generateRoot, rekey }: Server, otp = ''): Fields {
  const { nonce, progress } = generateRoot;
  return {
    nonce,
    started: nonce !== '',
    progress,
    required: rekey.shamir().threshold,
    complete: false,
    encoded_token: '',
    encoded_root_token: '',
    pgp_fingerprint: '',
    otp,
    otp_length: otpLength,
  };
}

function start(server: Server, { otp, pgp_key }: s.InferFields<typeof startInput>): Fields {
  if (pgp_key !== undefined && pgp_key !== '' && otp !== undefined && otp !== '')
    throw new StrongroomError('invalid', 'only one of "otp" and "pgp_key" can be used');
  refusePgp({ pgp_key });
  const made = server.generateRoot.start(otp === '' ? undefined : otp);
  return status(server, made);
}

async function update(server: Server, share: string, nonce: string): Promise<Fields> {
  const encoded = await server.generateRoot.update(share, nonce);
  if (encoded === undefined) return status(server);
  const { threshold } = server.rekey.shamir();
  const done = { nonce, started: true, progress: threshold, complete: true, encoded_token: encoded, encoded_root_token: encoded };
  return { ...status(server), ...done };
}

interface AttemptPaths {
  readonly attempt: `sys/${string}`;
  readonly update: `sys/${string}`;
}

function attemptRoutes(
  server: Server,
  paths: AttemptPaths,
  access: 'public' | 'sudo',
  form: AnswerForm,
): Readonly<Record<string, HostRoute>> {
  return {
    ...hostRoute(paths.attempt, {
      summary: 'A root token by shares: status, start, cancel',
      access,
      read: { handler: () => inForm(form, status(server)) },
      update: {
        input: startInput,
        handler: async ({ outside }, _, input) => inForm(form, await outside(async () => start(server, input))),
      },
      delete: { handler: ({ outside }) => outside(async () => (server.generateRoot.cancel(), undefined)) },
    }),
    ...hostRoute(paths.update, {
      summary: 'A root token by shares: give a share',
      access,
      update: {
        input: shareInput,
        handler: async ({ outside }, _, input) => {
          const [share, nonce] = shareAndNonce(input);
          return inForm(form, await outside(() => update(server, share, nonce)));
        },
      },
    }),
  };
}

/** The routes. */
export function generateRootRoutes(server: Server): Readonly<Record<string, HostRoute>> {
  const old = { attempt: 'sys/generate-root/attempt', update: 'sys/generate-root/update' } as const;
  const newer = { attempt: 'sys/generate-root-token/attempt', update: 'sys/generate-root-token/update' } as const;
  return {
    ...attemptRoutes(server, old, server.options.unauthenticated.generateRoot ? 'public' : 'sudo', 'raw'),
    ...attemptRoutes(server, newer, 'sudo', 'envelope'),
    ...hostRoute('sys/decode-token', {
      summary: 'Decode a generated root token',
      access: 'public',
      update: {
        input: decodeInput,
        handler: (_, __, { encoded_token: encoded = '', otp = '' }) => {
          if (encoded === '') throw new StrongroomError('invalid', "missing required field 'encoded_token'");
          if (otp === '') throw new StrongroomError('invalid', "missing required field 'otp'");
          return { data: { token: decodeToken(encoded, otp) } };
        },
      },
    }),
  };
}
