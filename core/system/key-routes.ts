/** `sys/key-status` and `sys/rotate`. */
import { changeKeyring } from '../barrier/keyring-change.ts';
import { logKeyId } from '../barrier/keyring.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import type { Server } from './server.ts';
import { rfc3339 } from '../request/time-text.ts';

function keyStatus(server: Server, { unsealed }: HostContext): HostReply {
  const newest = unsealed.barrier.ring.newest(logKeyId);
  const rewrap = server.housekeeping?.rewrapState;
  return {
    data: {
      term: newest.version,
      install_time: rfc3339(newest.createdAt),
      encryptions: newest.sealsReserved,
      ...(rewrap === undefined ? {} : { rewrap: { state: rewrap.state, pages_done: rewrap.done, pages: rewrap.total } }),
    },
  };
}

function rotate(server: Server, { tx, unsealed }: HostContext): HostReply {
  return {
    keyring: changeKeyring(tx, unsealed.barrier, (ring) => ring.rotated(unsealed.clock.now())),
    after: () => server.housekeeping?.rewrap(),
  };
}

/** The routes. */
export function keyRoutes(server: Server): Readonly<Record<string, HostRoute>> {
  return {
    ...hostRoute('sys/key-status', {
      summary: 'The newest key version, and how far re-wrapping is',
      topLevel: true,
      read: { handler: (ctx) => keyStatus(server, ctx) },
    }),
    ...hostRoute('sys/rotate', {
      summary: 'Rotate all keys',
      access: 'sudo',
      topLevel: true,
      update: { handler: (ctx) => rotate(server, ctx) },
    }),
    ...hostRoute('sys/rotate/keyring', { summary: 'Rotate all keys', access: 'sudo', update: { handler: (ctx) => rotate(server, ctx) } }),
  };
}
