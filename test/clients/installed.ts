/** Programs from registries, installed once into a folder below node_modules/.cache that is named by what was asked for. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = fileURLToPath(new URL('../../node_modules/.cache/strongroom-clients/', import.meta.url));

/** How long an installation may take. */
export const installTimeoutMs = 300_000;

/**
 * Returns a folder with what these files ask for.
 *
 * @param name what it is called in messages and in the cache
 * @param files what is asked for; a change of any installs anew
 * @param install puts it into the folder; throws when a program or the registry is missing
 * @returns undefined, after a message, when it can't be installed here
 * @throws Error that of `install` when STRONGROOM_REQUIRE_SERVICES=1
 */
export function installed(name: string, files: readonly string[], install: (folder: string) => void): string | undefined {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  const folder = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const half = mkdtempSync(join(cache, 'half-'));
  try {
    install(half);
    // Another run may have been faster.
    if (!existsSync(folder)) renameSync(half, folder);
    return folder;
  } catch (error) {
    if (process.env['STRONGROOM_REQUIRE_SERVICES'] === '1') throw error;
    process.stderr.write(`skipped: ${name} can't be installed here: ${String(error).split('\n')[0]}\n`);
    return undefined;
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
}

/** Runs a program of an installation. @throws Error with what it printed */
export function runInstaller(program: string, args: readonly string[], cwd?: string): void {
  execFileSync(program, args, { stdio: 'pipe', timeout: installTimeoutMs, ...(cwd === undefined ? {} : { cwd }) });
}
