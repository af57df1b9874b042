/** Cross-origin requests: off unless the config names origins. */
import type { Cors } from './host.ts';
import { type Answer, errorAnswer, type Incoming } from './incoming.ts';

/** Headers that a browser may always send. */
export const standardHeaders: readonly string[] = [
  'Content-Type',
  'X-Requested-With',
  'X-Vault-Namespace',
  'X-Vault-Token',
  'X-Vault-Wrap-TTL',
  'X-Vault-Wrap-Format',
  'Authorization',
];

/** Headers for the answer to a request from a browser; `refused` when its origin may not ask. */
export function corsHeaders(cors: Cors | undefined, incoming: Incoming): Readonly<Record<string, string>> | 'refused' | undefined {
  const origin = incoming.headers['origin'];
  if (cors === undefined || typeof origin !== 'string') return undefined;
  if (!cors.origins.includes('*') && !cors.origins.includes(origin)) return 'refused';
  return {
    'Access-Control-Allow-Origin': origin,
    Vary: 'Origin',
    ...(incoming.method === 'OPTIONS'
      ? {
          'Access-Control-Allow-Methods': 'DELETE, GET, OPTIONS, POST, PUT, LIST, PATCH',
          'Access-Control-Allow-Headers': [...standardHeaders, ...cors.headers].join(', '),
          'Access-Control-Max-Age': '300',
        }
      : {}),
  };
}

/** Answers OPTIONS. */
export function preflight(cors: Cors | undefined): Answer {
  return cors === undefined ? errorAnswer(400, []) : { status: 204, body: undefined };
}
