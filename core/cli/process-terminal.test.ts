import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processTerminal } from './process-terminal.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'strongroom-terminal-'))));
afterEach(() => rmSync(folder, { recursive: true }));

test('a private file is for its owner alone, also where another stood', () => {
  const file = join(folder, 'token');
  writeFileSync(file, 'old', { mode: 0o644 });
  processTerminal().writePrivateFile(file, 'new');
  expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777, readdirSync(folder)]).toEqual(['new', 0o600, ['token']]);
});

test('a link is replaced, and what it leads to is not written', () => {
  const [file, elsewhere] = [join(folder, 'token'), join(folder, 'elsewhere')];
  writeFileSync(elsewhere, 'kept');
  symlinkSync(elsewhere, file);
  processTerminal().writePrivateFile(file, 'new');
  expect([readFileSync(file, 'utf8'), readFileSync(elsewhere, 'utf8')]).toEqual(['new', 'kept']);
});

test('what can not be put in place leaves nothing behind', () => {
  const file = join(folder, 'token');
  mkdirSync(join(file, 'full'), { recursive: true });
  expect(() => processTerminal().writePrivateFile(file, 'new')).toThrow(/directory/i);
  expect(readdirSync(folder)).toEqual(['token']);
});
