/** The real disk, over node:fs. Modes are set after creation, so the umask has no say. */
import * as fs from 'node:fs';
import { promisify } from 'node:util';
import type { Disk, DiskFile } from './disk.ts';
import { lockDirectory } from './lock.ts';

const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);

class NodeFile implements DiskFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  size(): number {
    return fs.fstatSync(this.#fd).size;
  }

  pread(target: Uint8Array, position: number): number {
    return fs.readSync(this.#fd, target, 0, target.byteLength, position);
  }

  pwrite(source: Uint8Array, position: number): number {
    return fs.writeSync(this.#fd, source, 0, source.byteLength, position);
  }

  truncate(length: number): void {
    fs.ftruncateSync(this.#fd, length);
  }

  fdatasync(): Promise<void> {
    return fdatasync(this.#fd);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

/** Gives the disk of this machine. */
export function nodeDisk(): Disk {
  return {
    mkdir(path) {
      fs.mkdirSync(path, { recursive: true, mode: 0o700 });
      fs.chmodSync(path, 0o700);
    },
    readdir: (path) => fs.readdirSync(path),
    open: (path, access) => new NodeFile(fs.openSync(path, access === 'read' ? 'r' : 'r+')),
    create(path) {
      const fd = fs.openSync(path, 'wx+', 0o600);
      fs.fchmodSync(fd, 0o600);
      return new NodeFile(fd);
    },
    rename: (from, to) => fs.renameSync(from, to),
    unlink: (path) => fs.unlinkSync(path),
    async fsyncDirectory(path) {
      const fd = fs.openSync(path, 'r');
      try {
        await fsync(fd);
      } finally {
        fs.closeSync(fd);
      }
    },
    lock: lockDirectory,
  };
}
