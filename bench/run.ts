/**
 * Runs benchmarks: `npm run bench -- [--only paths,mixed] [--save] [--smoke] [--secrets 1000000] [--versions 10] [--tokens 100000] [--entries 1000000] [--keep]`.
 * See README.md for what each one measures.
 */
import { parseArgs } from 'node:util';
import { measureBackups } from './backups.ts';
import { type BenchServer, benchDirectory, fill, remove, startNew } from './bench-server.ts';
import { measureFaults } from './faults.ts';
import { columns, type Figure, type Report } from './figure.ts';
import { saveRun } from './figures-file.ts';
import { type LargeStore, measureLargeStore } from './large-store.ts';
import { BareServer } from './load/bare-server.ts';
import { LoadGenerator } from './load/generator.ts';
import { thisMachine } from './machine.ts';
import { measureAuditEntries } from './micro/audit-entries.ts';
import { measureRooms } from './micro/rooms.ts';
import { measureStorage } from './micro/storage.ts';
import { measureMixedLoad } from './mixed-load.ts';
import { measurePaths, measureRoomsOverHttp } from './paths.ts';
import { smoke } from './smoke.ts';
import { measureTrees } from './token-trees.ts';
import { measureTokens } from './tokens.ts';
import { measureWrapping } from './wrapping.ts';

type Benchmark = (
  report: Report,
  load: LoadGenerator,
  size: LargeStore & { readonly tokens: number; readonly entries: number },
) => Promise<void>;

const benchmarks: Readonly<Record<string, Benchmark>> = {
  paths: async (report, load) => {
    const bare = await BareServer.start();
    try {
      await onFilledServer(load, (server) => measurePaths({ load, bare, report, seconds: 3, rounds: 3 }, server));
    } finally {
      bare.close();
    }
  },
  mixed: (report, load) => onFilledServer(load, (server) => measureMixedLoad(load, server, report)),
  tokens: (report, load) => onFilledServer(load, (server) => measureTokens(load, server, report)),
  wrapping: (report, load) => onFilledServer(load, (server) => measureWrapping(load, server, report)),
  trees: (report, load, size) => onFilledServer(load, (server) => measureTrees(load, server, { tokens: size.tokens, seconds: 10 }, report)),
  large: (report, load, size) => measureLargeStore(load, size, report),
  backups: (report, load, size) => measureBackups(load, size.entries, report),
  rooms: async (report, load) => {
    await measureRooms(report);
    await onFilledServer(load, (server) => measureRoomsOverHttp({ load, report }, server));
  },
  faults: (report, load) => measureFaults(load, report),
  audit: (report) => measureAuditEntries(report),
  storage: (report) => measureStorage(report),
};

/** Runs something on a server with the usual data set. @param use may give the server that runs in its place then */
async function onFilledServer(load: LoadGenerator, use: (server: BenchServer) => Promise<BenchServer | void>): Promise<void> {
  let running = await startNew(benchDirectory());
  try {
    await fill(running, load);
    running = (await use(running)) ?? running;
  } finally {
    await remove(running);
  }
}

function print(figure: Figure): void {
  const [name = '', value = '', unit = '', ratio = '', budget = '', met = ''] = columns(figure);
  process.stdout.write(
    `${name.padEnd(72)} ${value.padStart(10)} ${unit.padEnd(17)} ${ratio.padStart(8)} ${budget.padEnd(10)} ${met}`.trimEnd() + '\n',
  );
}

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    save: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    secrets: { type: 'string', default: '1000000' },
    versions: { type: 'string', default: '10' },
    tokens: { type: 'string', default: '100000' },
    entries: { type: 'string', default: '1000000' },
    keep: { type: 'boolean', default: false },
  },
});

if (flags.smoke) {
  process.exitCode = (await smoke()) ? 0 : 1;
} else {
  const size = {
    secrets: Number(flags.secrets),
    versions: Number(flags.versions),
    tokens: Number(flags.tokens),
    entries: Number(flags.entries),
    keep: flags.keep,
  };
  const load = new LoadGenerator();
  for (const name of flags.only?.split(',') ?? Object.keys(benchmarks)) {
    const benchmark = benchmarks[name];
    if (benchmark === undefined) throw new Error(`no benchmark ${name}; there are ${Object.keys(benchmarks).join(', ')}`);
    process.stdout.write(`\n${name}\n`);
    const machine = thisMachine();
    const figures: Figure[] = [];
    const report = (figure: Figure): void => {
      figures.push(figure);
      print(figure);
    };
    try {
      await benchmark(report, load, size);
      if (flags.save) saveRun(name, { machine, figures });
    } catch (error) {
      process.stdout.write(`${name} was given up: ${String(error)}\n`);
      process.exitCode = 1;
    }
  }
  load.close();
}
