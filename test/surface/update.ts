/** Writes what the SDK's users see, after a change that is meant. Run: `npm run surface`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { surfaceFiles } from './surface.ts';

for (const [path, text] of Object.entries(await surfaceFiles())) {
  const file = join(import.meta.dirname, '../..', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stdout.write(`${path}: ${text.split('\n').length} lines\n`);
}
