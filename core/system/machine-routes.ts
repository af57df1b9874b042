/** What operators ask of the running process: its machine, its requests, its versions, its log, its config. */
import { statfs } from 'node:fs/promises';
import { arch, cpus, freemem, hostname, platform, release, totalmem, uptime } from 'node:os';
import { type Json, schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { plainAnswer } from '../request/incoming.ts';
import type { Server } from './server.ts';
import { rfc3339 } from '../request/time-text.ts';
import { versionHistory } from './version-history.ts';

async function hostInfo({ options }: Server): Promise<HostReply> {
  const cores = cpus();
  const [total, free] = [totalmem(), freemem()];
  const bootTime = Math.floor(options.wallClock() / 1000 - uptime());
  const data: Record<string, Json> = {
    timestamp: rfc3339(options.wallClock()),
    cpu: cores.map(({ model, speed }, cpu) => ({ cpu, modelName: model, mhz: speed })),
    cpu_times: cores.map(({ times }, cpu) => ({
      cpu: `cpu${cpu}`,
      user: times.user / 1000,
      system: times.sys / 1000,
      idle: times.idle / 1000,
      nice: times.nice / 1000,
      irq: times.irq / 1000,
    })),
    host: { hostname: hostname(), os: platform(), kernelVersion: release(), kernelArch: arch(), uptime: Math.floor(uptime()), bootTime },
    memory: { total, available: free, free, used: total - free, usedPercent: percent(total - free, total) },
  };
  const { path } = options.directory;
  if (path !== undefined) {
    const { bsize, blocks, bavail } = await statfs(path);
    const [size, left] = [bsize * blocks, bsize * bavail];
    data['disk'] = [{ path, total: size, free: left, used: size - left, usedPercent: percent(size - left, size) }];
  }
  return { data };
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 100;
}

function inFlight({ underWay, options }: Server): HostReply {
  const now = options.wallClock();
  const requests = underWay.all().map(({ head, startedAt }) => [
    head.requestId,
    {
      start_time: rfc3339(startedAt),
      duration: `${now - startedAt}ms`,
      client_remote_address: head.incoming.remoteAddress,
      request_path: `/v1/${head.path}`,
      request_method: head.incoming.method,
    },
  ]);
  return { raw: plainAnswer(200, Object.fromEntries(requests)) };
}

/** The one logger that there is. */
const loggerName = 'core';
const levels = ['trace', 'debug', 'info', 'warn', 'error'];
const levelInput = { level: s.string({ oneOf: [...levels, 'notice', 'warning', 'err'] }) };
const otherNames: Readonly<Record<string, string>> = { notice: 'info', warning: 'warn', err: 'error' };

function checkLogger(name: string): void {
  if (name !== loggerName) throw new StrongroomError('missing', `logger: there is none of this name, only ${loggerName}`);
}

function setLevel(server: Server, level: string): undefined {
  server.setLogLevel(otherNames[level] ?? level);
}

function resetLevel(server: Server): undefined {
  server.setLogLevel();
}

const monitorInput = { log_level: s.optional(levelInput.level), log_format: s.optional(s.string({ oneOf: ['standard', 'json'] })) };

/** Lines of the log as they come, until the client goes. */
function monitor({ options }: Server, input: s.InferFields<typeof monitorInput>): HostReply {
  const { logTap } = options;
  if (logTap === undefined) throw new StrongroomError('invalid', 'the log of this server can not be watched');
  const asked = input.log_level ?? 'info';
  const format = input.log_format === 'json' ? 'json' : 'standard';
  return {
    raw: {
      status: 200,
      body: undefined,
      contentType: 'text/plain; charset=utf-8',
      stream: () => logTap.watch(otherNames[asked] ?? asked, format),
    },
  };
}

function haStatus(server: Server): HostReply {
  const node = {
    hostname: hostname(),
    api_address: '',
    cluster_address: '',
    active_node: true,
    last_echo: null,
    version: server.options.apiVersion,
  };
  return { data: { nodes: [node] } };
}

/** The routes. */
export function machineRoutes(server: Server): Readonly<Record<string, HostRoute>> {
  return {
    ...hostRoute('sys/host-info', { summary: 'The machine', access: 'sudo', read: { handler: () => hostInfo(server) } }),
    ...hostRoute('sys/in-flight-req', { summary: 'Requests under way', access: 'sudo', read: { handler: () => inFlight(server) } }),
    ...hostRoute('sys/version-history', {
      summary: 'Versions of the server that have opened this storage',
      list: { handler: ({ tx }) => versionHistory(tx) },
    }),
    ...hostRoute('sys/monitor', {
      summary: 'Lines of the log as they come',
      access: 'sudo',
      read: { input: monitorInput, handler: (_, __, input) => monitor(server, input) },
    }),
    ...hostRoute('sys/ha-status', { summary: 'Nodes of the cluster', topLevel: true, read: { handler: () => haStatus(server) } }),
    ...hostRoute('sys/step-down', {
      summary: 'Give leadership up: there is one node, which keeps it',
      access: 'sudo',
      update: { handler: () => undefined },
    }),
    ...hostRoute('sys/replication/status', {
      summary: 'Replication, which there is none of',
      access: 'public',
      read: { handler: () => ({ data: { mode: 'disabled' } }) },
    }),
    ...hostRoute('sys/config/state/sanitized', {
      summary: 'The config in force, without secrets',
      access: 'sudo',
      read: { handler: () => ({ data: server.options.configState }) },
    }),
    ...hostRoute('sys/loggers', {
      summary: 'Levels of the log',
      access: 'sudo',
      read: { handler: () => ({ data: { [loggerName]: server.logLevel } }) },
      update: { input: levelInput, handler: (_, __, { level }) => setLevel(server, level) },
      delete: { handler: () => resetLevel(server) },
    }),
    ...hostRoute('sys/loggers/{name}', {
      summary: 'Level of one log',
      access: 'sudo',
      read: {
        handler: (_, { name }) => {
          checkLogger(name);
          return { data: { [loggerName]: server.logLevel } };
        },
      },
      update: {
        input: levelInput,
        handler: (_, { name }, { level }) => {
          checkLogger(name);
          return setLevel(server, level);
        },
      },
      delete: {
        handler: (_, { name }) => {
          checkLogger(name);
          return resetLevel(server);
        },
      },
    }),
  };
}
