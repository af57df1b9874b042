/** The short run of CI: the ratios of three paths against the saved ones, the best of some tries, since machines are noisy. */
import { measureBackups } from './backups.ts';
import { type BenchServer, benchDirectory, fill, remove, startAgain, startNew } from './bench-server.ts';
import { shortNumber } from './figure.ts';
import { savedRatio } from './figures-file.ts';
import { BareServer } from './load/bare-server.ts';
import { LoadGenerator } from './load/generator.ts';
import { measureTrees } from './token-trees.ts';
import { cachedRead, measure, type PathBench, type PathCase, uncachedRead, write } from './paths.ts';

const tries = 6;
const worseAtMost = 1.6;
/** Of the tree that is revoked: it shows that the benchmark runs, and no more. */
const tree = { tokens: 2000, seconds: 1 };
const seconds = 2;
/** Enough to run every step of it; its figures are not compared. */
const backupEntries = 20_000;

/** Measures until each path is good enough or its tries are used up. Gives whether all are. */
export async function smoke(): Promise<boolean> {
  const load = new LoadGenerator();
  const bare = await BareServer.start();
  let running: BenchServer | undefined;
  try {
    running = await startNew(benchDirectory());
    await fill(running, load);
    const bench: PathBench = { load, bare, seconds, rounds: 1, report: () => {} };
    const good = [await compare(bench, running, cachedRead), await compare(bench, running, write)];
    await measureTrees(load, running, tree, () => {});
    running = await startAgain(running, { cache: { plaintext: false } });
    good.push(await compare(bench, running, uncachedRead));
    await measureBackups(load, backupEntries, ({ name, value, unit }) => process.stdout.write(`${name}: ${shortNumber(value)} ${unit}\n`));
    return good.every(Boolean);
  } finally {
    if (running !== undefined) await remove(running);
    load.close();
    bare.close();
  }
}

async function compare(bench: PathBench, server: BenchServer, path: PathCase): Promise<boolean> {
  const limit = savedRatio(path.name) * worseAtMost;
  let best = Number.POSITIVE_INFINITY;
  for (let done = 0; done < tries && best > limit; done++) best = Math.min(best, await measure(bench, server, path));
  const verdict = best <= limit ? 'good' : 'TOO SLOW';
  process.stdout.write(`${path.name.padEnd(24)} ${shortNumber(best)} x, limit ${shortNumber(limit)} x: ${verdict}\n`);
  return best <= limit;
}
