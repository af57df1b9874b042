/** `sys/key-status`, `sys/rotate` and its configuration. */
import { changeKeyring } from '../barrier/keyring-change.ts';
import { logKeyId } from '../barrier/keyring.ts';
import { StrongroomError } from '../errors.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import type { Server } from './server.ts';
import {
  changeRotateConfig,
  readRotateConfig,
  rotateConfigData,
  rotateConfigInput,
  type RotateConfigInput,
  sealsAllowed,
} from './rotate-config.ts';
import { rfc3339 } from '../request/time-text.ts';

function keyStatus(server: Server, { unsealed }: HostContext): HostReply {
  const newest = unsealed.barrier.ring.newest(logKeyId);
  const rewrap = server.housekeeping?.rewrapState;
  return {
    data: {
      term: newest.version,
      install_time: rfc3339(newest.createdAt),
      encryptions: unsealed.barrier.seals(logKeyId),
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

async function configureRotation({ tx, sudo, unsealed }: HostContext, _: unknown, input: RotateConfigInput): Promise<HostReply> {
  // Reading it needs no sudo, so the route does not ask for it.
  if (!sudo) throw new StrongroomError('denied', '1 error occurred:\n\t* permission denied\n\n');
  const config = await changeRotateConfig(tx, input);
  return { after: () => unsealed.barrier.limitSeals(sealsAllowed(config)) };
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
    ...hostRoute('sys/rotate/config', {
      summary: 'When the keys are rotated by themselves',
      read: { handler: async ({ tx }) => ({ data: rotateConfigData(await readRotateConfig(tx)) }) },
      update: { input: rotateConfigInput, handler: configureRotation },
    }),
    ...hostRoute('sys/rotate/keyring', { summary: 'Rotate all keys', access: 'sudo', update: { handler: (ctx) => rotate(server, ctx) } }),
  };
}
