import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { expectedPairs } from './coverage.ts';
import { missingPairs, reportingFiles } from './coverage-report.ts';

const directory = mkdtempSync(join(tmpdir(), 'coverage-report-'));
afterAll(() => rmSync(directory, { recursive: true }));

const files = reportingFiles();

function write(name: string, succeeded: readonly string[], refused: readonly string[]): void {
  const expected = { succeeded: ['a read', 'b list'], refused: ['a read', 'b list', 'c update'] };
  writeFileSync(join(directory, `${name}.json`), JSON.stringify({ expected, succeeded, refused }));
}

test('what no file of a whole run has seen is named, and a part of the suite is not judged', () => {
  expect(files.length).toBeGreaterThan(5);
  write(files[0]!, ['a read'], ['b list']);
  expect(missingPairs(directory)).toEqual([]);
  for (const name of files.slice(1)) write(name, [], ['c update']);
  expect(missingPairs(directory)).toEqual(['success of b list', 'refusal of a read']);
  write(files[1]!, ['b list'], ['a read', 'c update']);
  expect(missingPairs(directory)).toEqual([]);
});

test('the pairs are those of the route tables of the host and of the engine', () => {
  const pairs = expectedPairs();
  for (const pair of [
    'sys/init update',
    'sys/mounts/{path+}/tune read',
    'auth/token/revoke-self update',
    'secret/data/{path+} patch',
    'secret/metadata scan',
  ])
    expect(pairs).toContain(pair);
});
