/** The surface of the SDK and of the HTTP API is what their users were promised: it changes on purpose only. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { surfaceFiles } from './surface.ts';

const files = await surfaceFiles();

test.each(Object.entries(files))('%s is as the source says', (path, text) => {
  const kept = readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
  expect(text, `the surface has changed: if that is meant, npm run surface writes ${path}`).toBe(kept);
});

test('the surface is whole: it names what authors import first', () => {
  const index = files['sdk-plugin/surface/index.d.ts'] ?? '';
  for (const name of ['defineEngine', 'defineAuthMethod', 'defineAuditSink', 'route', 'outside', 'PluginError'])
    expect(index).toMatch(new RegExp(`^export declare (function|class) ${name}\\b`, 'm'));
  expect(files['sdk-plugin/surface/testing.d.ts']).toMatch(/^export declare class TestMount\b/m);
});
