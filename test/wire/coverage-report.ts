/** Fails a run of the whole wire suite that leaves an operation of a route without an answer of success, or without a refusal, over HTTP. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Seen } from './coverage.ts';

/** Vitest calls it before the first test, and what it returns after the last. */
export function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'wire-coverage-'));
  process.env['STRONGROOM_WIRE_COVERAGE'] = directory;
  return () => {
    const missing = missingPairs(directory);
    rmSync(directory, { recursive: true });
    if (missing.length === 0) return;
    process.exitCode = 1;
    throw new Error(`over HTTP there is no test of:\n  ${missing.join('\n  ')}`);
  };
}

/** What no file has seen; nothing when only a part of the suite has run. */
export function missingPairs(directory: string): readonly string[] {
  const reporting = readdirSync(import.meta.dirname).filter(
    (name) => name.endsWith('.test.ts') && readFileSync(join(import.meta.dirname, name), 'utf8').includes('reportCoverage('),
  );
  const reports = new Set(readdirSync(directory));
  if (!reporting.every((name) => reports.has(`${name}.json`))) return [];
  const seen = [...reports].map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as Seen);
  if (seen.length === 0) return [];
  const succeeded = new Set(seen.flatMap((file) => file.succeeded));
  const refused = new Set(seen.flatMap((file) => file.refused));
  const expected = seen[0]!.expected;
  return [
    ...expected.succeeded.filter((pair) => !succeeded.has(pair)).map((pair) => `success of ${pair}`),
    ...expected.refused.filter((pair) => !refused.has(pair)).map((pair) => `refusal of ${pair}`),
  ];
}
