/** The table of what rooms protect against. Invariant: every cell says no, or names a test that there is. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The cells of the table's two columns, with what the row is about. */
function cells(text: string): readonly (readonly [row: string, cell: string])[] {
  const section = text.split('## What each room protects against')[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|') && !/^\|[ -]+\|[ -]+\|[ -]+\|$/.test(line));
  return rows.slice(1).flatMap((line) => {
    const [, row = '', ...columns] = line.split('|').map((cell) => cell.trim());
    return columns.slice(0, 2).map((cell) => [row, cell] as const);
  });
}

/** What is wrong with a cell. */
function faultOf(cell: string): string | undefined {
  if (/^no(:|$)/.test(cell)) return undefined;
  const [, file = '', name = ''] = /^yes: `(.+)` “(.+)”$/.exec(cell) ?? [];
  if (name === '') return 'neither no, nor yes with the file and name of a test';
  const path = join(root, `${file}.test.ts`);
  if (!existsSync(path)) return `there is no test file ${file}`;
  return readFileSync(path, 'utf8').includes(name) ? undefined : `${file} has no test named ${name}`;
}

test('every cell says no, or names a test', () => {
  const all = cells(readme);
  expect(all.length).toBeGreaterThan(40);
  expect(all.map(([row, cell]) => [row, faultOf(cell)]).filter(([, fault]) => fault !== undefined)).toEqual([]);
});

test.each([
  ['', 'neither no'],
  ['yes', 'neither no'],
  ['nobody knows', 'neither no'],
  ['yes: `test/isolation/gone` “loops”', 'there is no test file test/isolation/gone'],
  ['yes: `test/isolation/faults` “does what nobody does”', 'test/isolation/faults has no test named'],
])('a cell that says %j is noticed', (cell, fault) => {
  expect(faultOf(cell)).toContain(fault);
});
