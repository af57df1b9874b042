/** LIST and SCAN of the mount's root and of directories, plain and with metadata. */
import { route, type Route } from '@strongroom/sdk-plugin';
import { listDetailed, listFields, listSecrets, scanDetailed, scanSecrets } from './listing.ts';
import { rootReply } from './routes-invalid.ts';

const refused = { handler: rootReply };

/** The routes. */
export const listingRoutes: Readonly<Record<string, Route>> = {
  ...route('metadata', {
    summary: 'Secrets at the root of the mount',
    list: { input: listFields, handler: (ctx, _, page) => listSecrets(ctx, '', page) },
    scan: { input: listFields, handler: (ctx, _, page) => scanSecrets(ctx, '', page) },
    read: refused,
    update: refused,
    patch: refused,
    delete: refused,
  }),
  ...route('detailed-metadata', {
    summary: 'Secrets at the root of the mount, with their metadata',
    list: { input: listFields, handler: (ctx, _, page) => listDetailed(ctx, '', page) },
    scan: { input: listFields, handler: (ctx, _, page) => scanDetailed(ctx, '', page) },
  }),
  ...route('detailed-metadata/{path+}', {
    summary: 'Secrets below a directory, with their metadata',
    list: { input: listFields, handler: (ctx, { path }, page) => listDetailed(ctx, path, page) },
    scan: { input: listFields, handler: (ctx, { path }, page) => scanDetailed(ctx, path, page) },
  }),
};
