/** Finds the mount of a secret and its API paths, as `vault kv` does. */
import type { ApiAnswer, ApiCall } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { member, textOf } from './json-node.ts';
import { UsageError } from './terminal.ts';

/** The endpoints of version 2. */
type Endpoint = 'data' | 'metadata' | 'delete' | 'undelete' | 'destroy';

/** Makes the path of a secret under one of the engine's endpoints: `secret/data/a`. */
export type KvPath = (endpoint: Endpoint) => string;

/** Where a secret is: an engine of version 1 has one path for all. */
export type KvPlace = { readonly version: 1; readonly path: string } | { readonly version: 2; readonly path: KvPath };

/** What is needed of a session. */
export interface KvSession {
  readonly rest: readonly string[];
  readonly call: (call: ApiCall) => Promise<ApiAnswer>;
}

/**
 * Asks the server which mount the first argument lies in; or takes the mount that was given and the argument as a path inside.
 * @throws UsageError without a path; ApiError where the server refuses
 */
export async function kvPlace(session: KvSession, mountFlag: string | undefined): Promise<KvPlace> {
  const argument = trimSlashes(session.rest[0] ?? '');
  if (argument === '' && mountFlag === undefined) throw new UsageError('Not enough arguments (expected a path)');
  const asked = mountFlag === undefined ? argument : trimSlashes(mountFlag);
  const { version, mount } = await mountOf(session, asked, mountFlag !== undefined);
  // The server's path of a mount is the beginning of what was asked for.
  const inside = mountFlag === undefined ? trimSlashes(argument.slice(mount.length)) : argument;
  const path = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('/');
  return version === 1 ? { version, path: path(mount, inside) } : { version, path: (endpoint) => path(mount, endpoint, inside) };
}

/** The same where version 2 is needed. @throws UsageError also for version 1, naming what it lacks */
export async function kvPath(session: KvSession, mountFlag: string | undefined, what: string): Promise<KvPath> {
  const place = await kvPlace(session, mountFlag);
  if (place.version === 1) throw new UsageError(`${what} not supported on KV Version 1`);
  return place.path;
}

/** A server that knows no such question, 404, is one that has version 1 only. */
async function mountOf(
  session: KvSession,
  path: string,
  mountGiven: boolean,
): Promise<{ readonly version: 1 | 2; readonly mount: string }> {
  try {
    const { body } = await session.call({ method: 'GET', path: `sys/internal/ui/mounts/${path}`, plain: true });
    const data = member(body, 'data');
    return { version: textOf(member(data, 'options', 'version')) === '2' ? 2 : 1, mount: trimSlashes(textOf(member(data, 'path'))) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { version: 1, mount: mountGiven ? path : '' };
    throw error;
  }
}

function trimSlashes(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}
