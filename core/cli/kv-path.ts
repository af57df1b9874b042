/** Finds the mount of a secret and its API paths, as `vault kv` does. */
import type { ApiAnswer, ApiCall } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { member, textOf } from './json-node.ts';
import { UsageError } from './terminal.ts';

/** Makes the path of a secret under one of the engine's endpoints: `secret/data/a`. */
export type KvPath = (endpoint: 'data' | 'metadata' | 'delete' | 'undelete' | 'destroy') => string;

/** What is needed of a session. */
export interface KvSession {
  readonly rest: readonly string[];
  readonly call: (call: ApiCall) => Promise<ApiAnswer>;
}

/**
 * Asks the server which mount the first argument lies in; or takes the mount that was given and the argument as a path inside.
 * @throws UsageError without a path, or for a mount that is not KV version 2; ApiError where the server refuses
 */
export async function kvPath(session: KvSession, mountFlag: string | undefined): Promise<KvPath> {
  const argument = trimSlashes(session.rest[0] ?? '');
  if (argument === '' && mountFlag === undefined) throw new UsageError('Not enough arguments (expected a path)');
  const asked = mountFlag === undefined ? argument : trimSlashes(mountFlag);
  const mount = trimSlashes(await mountOf(session, asked));
  const inside = mountFlag === undefined ? trimSlashes(argument.slice(mount.length)) : argument;
  return (endpoint) => [mount, endpoint, inside].filter((part) => part !== '').join('/');
}

async function mountOf(session: KvSession, path: string): Promise<string> {
  try {
    const { body } = await session.call({ method: 'GET', path: `sys/internal/ui/mounts/${path}`, plain: true });
    const data = member(body, 'data');
    if (textOf(member(data, 'options', 'version')) !== '2') throw new UsageError('The mount is not a KV version 2 engine');
    return textOf(member(data, 'path'));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) throw new UsageError('The mount is not a KV version 2 engine');
    throw error;
  }
}

function trimSlashes(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}
