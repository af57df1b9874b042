/** The Go module that the `bao` CLI is made of, unchanged: every method it has for what this server has. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installed, installTimeoutMs, runInstaller } from './installed.ts';
import { type Outcome, runScripts } from './scripts.ts';
import { type ClientServer, startClientServer } from './tls-server.ts';

const source = fileURLToPath(new URL('go/', import.meta.url));
const files = readdirSync(source)
  .toSorted()
  .map((name) => join(source, name));
// Where there is no Go to be had, CI says so, and the rest is still required.
const wanted = process.env['STRONGROOM_WITHOUT_GO'] !== '1';
const built = wanted
  ? installed('go', files, (folder) => runInstaller('go', ['build', '-o', join(folder, 'checks'), '.'], source))
  : undefined;

describe.skipIf(built === undefined)('Go', () => {
  let on: ClientServer;
  let outcome: Outcome;
  beforeAll(async () => {
    on = await startClientServer();
    outcome = await runScripts(on, join(built!, 'checks'), []);
  }, installTimeoutMs);
  afterAll(() => on.close());

  test('every check passes', () => {
    expect(outcome.failed).toEqual([]);
    expect(outcome.passed.length).toBeGreaterThan(30);
  });

  test('every method of these areas is called', () => {
    expect(outcome.uncalled).toEqual([]);
  });
});
