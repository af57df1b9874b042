/** The Python package hvac, unchanged: every method it has for what this server has. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installed, installTimeoutMs, runInstaller } from './installed.ts';
import { type Outcome, runScripts } from './scripts.ts';
import { type ClientServer, startClientServer } from './tls-server.ts';

const at = (file: string): string => fileURLToPath(new URL(`hvac/${file}`, import.meta.url));
const requirements = at('requirements.txt');
const packages = installed('hvac', [requirements], (folder) =>
  runInstaller('python3', [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--retries',
    '1',
    '--target',
    folder,
    '-r',
    requirements,
  ]),
);

describe.skipIf(packages === undefined)('hvac', () => {
  let on: ClientServer;
  let outcome: Outcome;
  beforeAll(async () => {
    on = await startClientServer();
    outcome = await runScripts(on, 'python3', [at('run.py')], { PYTHONPATH: packages!, PYTHONDONTWRITEBYTECODE: '1' });
  }, installTimeoutMs);
  afterAll(() => on.close());

  test('every check passes', () => {
    expect(outcome.failed).toEqual([]);
    expect(outcome.passed.length).toBeGreaterThan(30);
  });

  test('every method of these areas is called, or is excused by name', () => {
    expect(outcome.uncalled).toEqual([]);
  });
});
