/** Compiles the shim and says how a process is started under it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the shim does to a process; counts are from 1. */
export interface ShimWish {
  /** Directory that is watched; it must exist. */
  readonly root: string;
  /** File that takes the records. */
  readonly trace?: string;
  /** SIGKILL before this call; `half`: after half of it, when it is a write. */
  readonly killAt?: number;
  readonly half?: boolean;
  /** This sync among those of paths that contain `path` fails with EIO. */
  readonly eio?: { readonly path: string; readonly at: number };
}

/** Compiles the shim; undefined, with a message, when there is no gcc. @throws Error when STRONGROOM_REQUIRE_SERVICES=1 and it can't be compiled */
export function compileShim(): string | undefined {
  const library = join(mkdtempSync(join(tmpdir(), 'strongroom-shim-')), 'shim.so');
  try {
    execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-o', library, fileURLToPath(new URL('shim.c', import.meta.url)), '-ldl']);
    return library;
  } catch (error) {
    if (process.env['STRONGROOM_REQUIRE_SERVICES'] === '1') throw error;
    process.stderr.write('skipped: the crash shim needs gcc and Linux\n');
    return undefined;
  }
}

/** The environment of a process under the shim. */
export function shimEnvironment(library: string, wish: ShimWish): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: library,
    UV_USE_IO_URING: '0',
    STRONGROOM_SHIM_ROOT: wish.root,
    ...(wish.trace === undefined ? {} : { STRONGROOM_SHIM_TRACE: wish.trace }),
    ...(wish.killAt === undefined ? {} : { STRONGROOM_SHIM_KILL: String(wish.killAt) }),
    ...(wish.half === true ? { STRONGROOM_SHIM_HALF: '1' } : {}),
    ...(wish.eio === undefined ? {} : { STRONGROOM_SHIM_EIO: String(wish.eio.at), STRONGROOM_SHIM_EIO_PATH: wish.eio.path }),
  };
}
