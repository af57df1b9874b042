/** Station 1: the request line and the headers become a path, a verb and what the caller brought along. */
import type { Verb } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { parseTarget } from './canonical-path.ts';
import type { Incoming } from './incoming.ts';
import { parseBoolean, parseSeconds } from '@strongroom/sdk-plugin/hosting';

/** What station 1 knows. `update` stands for create too until the target is known. */
export interface Head {
  readonly requestId: string;
  readonly incoming: Incoming;
  /** Without `v1/`, leading or trailing slash. */
  readonly path: string;
  readonly verb: Verb;
  readonly query: ReadonlyMap<string, string>;
  readonly token: string | undefined;
  /** What the path is for is asked, instead of what it does. */
  readonly help: boolean;
  /** Seconds; undefined: no wrapping asked for. */
  readonly wrapTtl: number | undefined;
  readonly wrapFormat: 'jwt' | undefined;
}

const verbOf: Readonly<Record<string, Verb>> = {
  GET: 'read',
  POST: 'update',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  LIST: 'list',
  SCAN: 'scan',
};

const bearer = /^Bearer +(\S+)$/i;

/** Reads the head. @throws StrongroomError `invalid`, `unsupported`, `media-type`, `missing`, `too-large` */
export function readHead(incoming: Incoming, requestId: string, pathBytesMax: number): Head {
  const { path, query } = parseTarget(incoming.target, pathBytesMax);
  if (path !== 'v1' && !path.startsWith('v1/')) throw new StrongroomError('missing');
  let verb = verbOf[incoming.method];
  if (verb === undefined) throw new StrongroomError('unsupported');
  if (verb === 'read') verb = listingVerb(query) ?? verb;
  if (verb === 'patch' && !/^application\/merge-patch\+json\b/i.test(String(incoming.headers['content-type'] ?? ''))) {
    throw new StrongroomError('media-type', 'PATCH requires the Content-Type application/merge-patch+json');
  }
  const help = verb === 'read' && parseBoolean(query.get('help') ?? '') === true;
  return { requestId, incoming, path: path.slice(3), verb, query, token: tokenOf(incoming), help, ...wrappingOf(incoming) };
}

function listingVerb(query: ReadonlyMap<string, string>): Verb | undefined {
  for (const verb of ['list', 'scan'] as const) {
    const text = query.get(verb);
    if (text === undefined) continue;
    const wanted = parseBoolean(text);
    // Clients know this one by its empty list of errors.
    if (wanted === undefined) throw new StrongroomError('invalid');
    if (wanted) return verb;
  }
  return undefined;
}

function tokenOf({ headers }: Incoming): string | undefined {
  const own = headers['x-vault-token'];
  if (typeof own === 'string' && own !== '') return own;
  const authorization = headers['authorization'];
  return typeof authorization === 'string' ? bearer.exec(authorization)?.[1] : undefined;
}

function wrappingOf({ headers }: Incoming): Pick<Head, 'wrapTtl' | 'wrapFormat'> {
  const format = headers['x-vault-wrap-format'];
  if (format !== undefined && format !== '' && format !== 'jwt')
    throw new StrongroomError('invalid', 'header X-Vault-Wrap-Format: expected jwt');
  const wrapFormat = format === 'jwt' ? 'jwt' : undefined;
  const text = headers['x-vault-wrap-ttl'];
  if (typeof text !== 'string' || text === '') return { wrapTtl: undefined, wrapFormat };
  const wrapTtl = parseSeconds(text);
  if (typeof wrapTtl !== 'number' || !Number.isSafeInteger(wrapTtl) || wrapTtl < 1) {
    throw new StrongroomError('invalid', 'header X-Vault-Wrap-TTL: expected at least one second, as in 60, 1m or 1h');
  }
  return { wrapTtl, wrapFormat };
}
