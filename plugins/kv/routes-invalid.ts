/** Paths that only a KV version 1 mount would have: 404 with a hint, as Vault's clients expect it. */
import { route, type Reply, type Route } from '@strongroom/sdk-plugin';

const roots = new Set(['metadata', 'data', 'delete', 'undelete', 'destroy', 'subkeys', 'detailed-metadata']);

/** The answer of everything but listings at the root of an endpoint. */
export function rootReply(): Reply {
  return { status: 404, warnings: ['Non-listing operations on the root of a K/V v2 mount are not supported.'] };
}

/** The two catch-all routes: the mount itself, and what no other route takes. */
export const invalidRoutes: Readonly<Record<string, Route>> = { ...invalid(''), ...invalid('{path+}') };

function invalid(template: '' | '{path+}'): Readonly<Record<string, Route>> {
  return route(template, {
    summary: 'Not a path of a versioned mount',
    read: { handler: (_, params) => hint('get', params) },
    update: { handler: (_, params) => hint('put', params) },
    patch: { handler: (_, params) => hint('patch', params) },
    delete: { handler: (_, params) => hint('delete', params) },
    list: { handler: (_, params) => hint('list', params) },
    scan: { handler: (_, params) => hint('list', params) },
  });
}

function hint(command: string, params: unknown): Reply {
  const { path } = params as { readonly path?: string };
  if (path !== undefined && roots.has(path)) return rootReply();
  return {
    status: 404,
    warnings: [
      'Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. ' +
        `If using the Vault CLI, use 'vault kv ${command}' for this operation.`,
    ],
  };
}
