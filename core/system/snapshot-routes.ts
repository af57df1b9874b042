/** `sys/storage/raft/snapshot`: backup and restore, under the path that clients know. */
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { errorAnswer } from '../request/incoming.ts';
import { StrongroomError } from '../errors.ts';
import { checkBackup, startBackup } from './backup.ts';
import type { Server } from './server.ts';

async function restore(server: Server, { outside, upload }: HostContext, force: boolean): Promise<HostReply> {
  const prepared = await outside(() => server.restore.prepare(upload(), force));
  return {
    warnings: prepared.warnings,
    // The request's own lines are in the audit before the server is sealed for it.
    after: async () => {
      try {
        return await server.restore.finish(prepared);
      } catch (error) {
        server.log.error({ err: error }, 'a restore failed');
        return error instanceof StrongroomError
          ? errorAnswer(error.status, error.errors)
          : errorAnswer(500, ['the restore failed; the log says why']);
      }
    },
  };
}

/** The routes. */
export function snapshotRoutes(server: Server): Readonly<Record<string, HostRoute>> {
  return {
    ...hostRoute('sys/storage/raft/snapshot', {
      summary: 'Back up to a file, or restore from one',
      read: {
        handler: () => {
          checkBackup(server);
          const headers = { 'Content-Disposition': 'attachment; filename="strongroom.snap"' };
          return { raw: { status: 200, body: undefined, contentType: 'application/gzip', headers, stream: () => startBackup(server) } };
        },
      },
      update: { uploads: true, handler: (ctx) => restore(server, ctx, false) },
    }),
    ...hostRoute('sys/storage/raft/snapshot-force', {
      summary: 'Restore from a file, whatever server it is of and however old',
      update: { uploads: true, handler: (ctx) => restore(server, ctx, true) },
    }),
  };
}
