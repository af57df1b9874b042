/** Names of secrets: one directory (LIST) or everything below it (SCAN), by pages. */
import { schema, type Context, type Json, type Reply } from '@strongroom/sdk-plugin';
import { metadataBlock } from './metadata-answer.ts';
import { readTable, tableKey } from './table-record.ts';

/** Query fields of every listing. */
export const listFields: { readonly after: schema.Schema<string | undefined>; readonly limit: schema.Schema<number | undefined> } = {
  after: schema.optional(schema.string({ description: 'Name after which the page begins' })),
  limit: schema.optional(schema.integer({ description: 'Most names of the page; 0: all' })),
};

/** A page that was asked for. */
export interface Page {
  readonly after: string | undefined;
  readonly limit: number | undefined;
}

/** Lists the children of a directory: `x` for a secret, `x/` for a directory. @param path without its slash, '' for the root */
export async function listSecrets(ctx: Context, path: string, page: Page): Promise<Reply | undefined> {
  return namesReply(await childNames(ctx, directoryOf(path), page.after ?? '', limitOf(page)));
}

/** Lists every secret below a directory, by its path from there. */
export async function scanSecrets(ctx: Context, path: string, page: Page): Promise<Reply | undefined> {
  return namesReply(await descendants(ctx, directoryOf(path), page.after ?? '', limitOf(page)));
}

/** As `listSecrets`, with the metadata of each secret beside its name. */
export async function listDetailed(ctx: Context, path: string, page: Page): Promise<Reply | undefined> {
  const directory = directoryOf(path);
  return detailedReply(ctx, directory, await childNames(ctx, directory, page.after ?? '', limitOf(page)));
}

/** As `scanSecrets`, with the metadata of each secret beside its path. */
export async function scanDetailed(ctx: Context, path: string, page: Page): Promise<Reply | undefined> {
  const directory = directoryOf(path);
  return detailedReply(ctx, directory, await descendants(ctx, directory, page.after ?? '', limitOf(page)));
}

function directoryOf(path: string): string {
  return path === '' || path.endsWith('/') ? path : `${path}/`;
}

function limitOf(page: Page): number | undefined {
  return page.limit === 0 ? undefined : page.limit;
}

async function childNames(ctx: Context, directory: string, after: string, limit: number | undefined): Promise<readonly string[]> {
  return ctx.storage.list(tableKey(directory), after, limit);
}

/** Walks the tree in order. A page that begins inside a child directory begins there, then goes on behind it. */
async function descendants(ctx: Context, directory: string, after: string, limit: number | undefined): Promise<readonly string[]> {
  const found: string[] = [];
  const room = (): number | undefined => (limit === undefined ? undefined : limit - found.length);
  const slash = after.indexOf('/');
  if (slash >= 0) {
    const child = after.slice(0, slash + 1);
    for (const name of await descendants(ctx, directory + child, after.slice(slash + 1), limit)) found.push(child + name);
  }
  const start = slash < 0 ? after : after.slice(0, slash + 1);
  if (limit !== undefined && found.length >= limit) return found;
  // Each child directory holds at least one secret, so a page never needs more children than names.
  for (const name of await childNames(ctx, directory, start, room())) {
    if (limit !== undefined && found.length >= limit) break;
    if (!name.endsWith('/')) found.push(name);
    else for (const below of await descendants(ctx, directory + name, '', room())) found.push(name + below);
  }
  return found;
}

function namesReply(names: readonly string[]): Reply | undefined {
  return names.length === 0 ? undefined : { data: { keys: names } };
}

async function detailedReply(ctx: Context, directory: string, names: readonly string[]): Promise<Reply | undefined> {
  if (names.length === 0) return undefined;
  const info: [string, Json][] = [];
  for (const name of names) {
    const table = name.endsWith('/') ? undefined : await readTable(ctx, directory + name);
    if (table) info.push([name, metadataBlock(table)]);
  }
  return { data: { keys: names, key_info: Object.fromEntries(info) } };
}
