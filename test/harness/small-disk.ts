/** A small disk of its own, for tests of what happens when it is full. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A disk that is there until the last test of the file. */
export interface SmallDisk {
  readonly directory: string;
  /** False where nothing can be mounted (it needs root): tests of it are skipped then. */
  readonly mounted: boolean;
  /** Gives it another size. */
  readonly resize: (size: string) => void;
}

/** Mounts one. @param size as tmpfs takes it: `12m` */
export function smallDisk(size: string): SmallDisk {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-small-'));
  const mounted = mount(directory, size);
  afterAll(() => {
    if (mounted) execFileSync('umount', ['-l', directory]);
    rmSync(directory, { recursive: true });
  });
  return { directory, mounted, resize: (next) => void execFileSync('mount', ['-o', `remount,size=${next}`, directory]) };
}

function mount(directory: string, size: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if (process.env['STRONGROOM_REQUIRE_SERVICES'] === '1') throw error;
    process.stderr.write('skipped: mounting a small tmpfs needs root\n');
    return false;
  }
}
