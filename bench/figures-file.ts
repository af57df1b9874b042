/** `figures.json`: the last figures of each benchmark, and the table in the README that is made from them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { columns, type Figure } from './figure.ts';
import type { Machine } from './machine.ts';

/** The figures of one benchmark. */
export interface SavedRun {
  readonly machine: Machine;
  readonly figures: readonly Figure[];
}

const file = new URL('figures.json', import.meta.url);
const readme = new URL('README.md', import.meta.url);
const begin = '<!-- figures: written by `npm run bench -- --save` -->\n';
const end = '<!-- end of figures -->';

/** Reads what was saved, by benchmark. */
export function savedRuns(): Readonly<Record<string, SavedRun>> {
  // Written by `saveRun` only.
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, SavedRun>) : {};
}

/** Finds the saved ratio of a path. @throws Error when there is none */
export function savedRatio(name: string): number {
  const figure = Object.values(savedRuns())
    .flatMap(({ figures }) => figures)
    .find((candidate) => candidate.name === name);
  if (figure?.ratio === undefined) throw new Error(`bench/figures.json has no ratio of "${name}"; run npm run bench -- --save`);
  return figure.ratio;
}

/** Replaces the figures of one benchmark, in the file and in the README. */
export function saveRun(benchmark: string, run: SavedRun): void {
  const rounded = run.figures.map((figure) => ({
    ...figure,
    value: Number(figure.value.toPrecision(4)),
    ...(figure.ratio === undefined ? {} : { ratio: Number(figure.ratio.toPrecision(4)) }),
  }));
  const runs = { ...savedRuns(), [benchmark]: { ...run, figures: rounded } };
  writeFileSync(file, `${JSON.stringify(runs, undefined, 2)}\n`);
  const text = readFileSync(readme, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error('bench/README.md lacks the place for the figures');
  writeFileSync(readme, `${text.slice(0, from + begin.length)}\n${Object.entries(runs).map(table).join('\n')}\n${text.slice(to)}`);
}

function table([benchmark, { machine, figures }]: readonly [string, SavedRun]): string {
  const { cpu, cores, memoryGb, kernel, node, load, date } = machine;
  const rows = [['figure', 'value', 'unit', 'ratio', 'budget', ''], ...figures.map(columns)];
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const [head, ...body] = rows.map(line);
  const rule = line(widths.map((width) => '-'.repeat(width)));
  const where = `${date}, ${cores} cores of ${cpu}, ${memoryGb} GiB, Linux ${kernel}, Node ${node}, load before the run ${load}.`;
  return [`### ${benchmark}`, '', where, '', head, rule, ...body, ''].join('\n');
}
