/**
 * Breaks the source on purpose, one patch at a time, in a copy of the repo, and expects the named test file to go red.
 * A patch begins with `# expects red: <test file> -- <what breaks>`. Run: `npm run sabotage [name…]`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const patches = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.patch'))
  .filter((name) => process.argv.length < 3 || process.argv.slice(2).some((wanted) => name.includes(wanted)))
  .sort();

/** A copy of the working tree: git's files, and the installed packages by link. */
function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'sabotage-'));
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((file) => file !== '');
  for (const file of files) cpSync(join(root, file), join(copy, file), { recursive: true });
  // Workspace packages must resolve to the copy, everything else to what is installed.
  cpSync(join(root, 'node_modules'), join(copy, 'node_modules'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => source === join(root, 'node_modules') || dirname(source) !== join(root, 'node_modules'),
  });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name === '@strongroom' || name === 'strongroom')
      cpSync(join(root, 'node_modules', name), join(copy, 'node_modules', name), { recursive: true, verbatimSymlinks: true });
    else symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  }
  for (const folder of ['core']) {
    try {
      symlinkSync(join(root, folder, 'node_modules'), join(copy, folder, 'node_modules'));
    } catch {
      // This workspace has no packages of its own.
    }
  }
  execFileSync('git', ['init', '-q'], { cwd: copy });
  return copy;
}

/** A break that only some interleavings show is looked for again, longer. */
const scales = ['1', '4', '10'] as const;
const survivors: string[] = [];
const copy = copyTree();
for (const name of patches) {
  const patch = join(import.meta.dirname, name);
  const [, test, what] = /^# expects red: (\S+) -- (.+)$/m.exec(readFileSync(patch, 'utf8')) ?? [];
  if (test === undefined || what === undefined) throw new Error(`${name} lacks its first line`);
  if (spawnSync('git', ['apply', '-C1', patch], { cwd: copy }).status !== 0) {
    survivors.push(`STALE ${name}: does not apply to the source as it is`);
    continue;
  }
  let output = '';
  const noticed = scales.find((scale) => {
    const run = spawnSync(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--bail', '1', test], {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, STRONGROOM_TEST_SCALE: scale },
      timeout: 300_000,
    });
    output = stripVTControlCharacters(run.stdout);
    // A file that cannot even be loaded proves nothing.
    return run.status !== 0 && /Tests .*failed/.test(output);
  });
  execFileSync('git', ['apply', '-R', '-C1', patch], { cwd: copy });
  if (noticed === undefined) survivors.push(`GREEN ${name}: ${what}`);
  const by = noticed === scales[0] ? '' : ` (at scale ${noticed})`;
  process.stdout.write(noticed === undefined ? output.slice(-1500) : `red  ${name}: ${what}${by}\n`);
}
rmSync(copy, { recursive: true });
for (const survivor of survivors) process.stdout.write(`${survivor}\n`);
process.stdout.write(`${patches.length - survivors.length} of ${patches.length} sabotages were noticed\n`);
process.exitCode = survivors.length === 0 ? 0 : 1;
