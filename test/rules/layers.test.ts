/** Dependency direction, and what the core may not know, checked on the files of the repo. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { coreRooms, foreign, meant } from './layers.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && !file.endsWith('.test.ts'));

interface Edge {
  readonly from: string;
  /** Path in the repo for a relative import, otherwise the specifier. */
  readonly to: string;
}

/** The imports of a source text. */
export function importsOf(file: string, text: string): Edge[] {
  return [...text.matchAll(/^\s*(?:import|export)\b[^'"`;]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/gm)].map(
    ([, a, b, c]) => {
      const specifier = a ?? b ?? c ?? '';
      return { from: file, to: specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier };
    },
  );
}

const edges = files.flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));

function room(file: string): number {
  return coreRooms.indexOf(file.split('/')[1] ?? '');
}

/** Edges of the core that go upward. */
export function upward(all: readonly Edge[]): string[] {
  return all
    .filter(({ from, to }) => from.startsWith('core/') && to.startsWith('core/') && !to.endsWith('.json'))
    .filter(({ from, to }) => room(from) < 0 || room(to) < 0 || room(to) > room(from))
    .filter(({ from, to }) => !meant.some((edge) => edge.from === from && edge.to === to))
    .map(({ from, to }) => `${from} imports ${to}`);
}

/** Edges between packages that must not know each other. */
export function trespassing(all: readonly Edge[]): string[] {
  return all
    .filter(({ from, to }) => {
      const [folder = '', name = ''] = from.split('/');
      const other = to.split('/')[0] ?? '';
      if (foreign[folder]?.includes(other) === true || to === 'strongroom') return true;
      // A plugin may not import its neighbour either.
      return ['plugins', 'audit-sinks', 'auth-methods'].includes(folder) && other === folder && to.split('/')[1] !== name;
    })
    .map(({ from, to }) => `${from} imports ${to}`);
}

describe('dependency direction', () => {
  test('inside the core, imports go from high rooms to low ones', () => {
    expect(upward(edges)).toEqual([]);
  });

  test('packages import only what their row allows', () => {
    expect(trespassing(edges)).toEqual([]);
  });

  test.each(['plugins/kv/', 'auth-methods/userpass/'])('%s imports nothing of Node', (folder) => {
    expect(edges.filter(({ from, to }) => from.startsWith(folder) && to.startsWith('node:')).map(({ to }) => to)).toEqual([]);
  });

  test('the core names no engine and no sink', () => {
    const named = files
      .filter((file) => file.startsWith('core/') && !file.startsWith('core/cli/'))
      .flatMap((file) =>
        [...readFileSync(join(root, file), 'utf8').matchAll(/['"](kv|kv-v2|transit|pki|database|userpass|approle)['"]/g)].map(
          ([name]) => `${file} names ${name}`,
        ),
      );
    expect(named).toEqual([]);
  });

  test('the checks find what they look for', () => {
    expect(upward(importsOf('core/storage/x.ts', "import { a } from '../request/b.ts';"))).toHaveLength(1);
    expect(upward(importsOf('core/request/x.ts', "import { a } from '../storage/b.ts';"))).toEqual([]);
    expect(trespassing(importsOf('plugins/kv/x.ts', "import { a } from '../../core/errors.ts';"))).toHaveLength(1);
    expect(trespassing(importsOf('plugins/kv/x.ts', "import type { a } from '../pki/errors.ts';"))).toHaveLength(1);
    expect(trespassing(importsOf('core/runner/x.ts', "const a = await import('../../plugins/kv/index.ts');"))).toHaveLength(1);
  });
});
