import { auditSinkContract } from '@strongroom/sdk-plugin/testing/audit-sink-contract';
import { expect, test } from 'vitest';
import stdout from './index.ts';
import { stdoutSink, type StdoutWorld } from './stdout-sink.ts';

/** A pipe that takes at most `room` bytes a call. */
class Pipe implements StdoutWorld {
  text = Buffer.alloc(0);
  room = 65_536;
  failAfter: number | undefined;
  /** Calls that are answered by EAGAIN. */
  busy = 0;
  readonly waits: number[] = [];
  readonly write = (bytes: Uint8Array, from: number): Promise<number> => {
    if (this.busy > 0) {
      this.busy--;
      return Promise.reject(Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' }));
    }
    if (this.failAfter === 0) {
      this.failAfter = undefined;
      return Promise.reject(Object.assign(new Error('EPIPE'), { code: 'EPIPE' }));
    }
    const taken = bytes.subarray(from, from + Math.min(this.room, this.failAfter ?? Infinity));
    if (this.failAfter !== undefined) this.failAfter -= taken.length;
    this.text = Buffer.concat([this.text, taken]);
    return Promise.resolve(taken.length);
  };
  readonly wait = (milliseconds: number): Promise<void> => {
    this.waits.push(milliseconds);
    return Promise.resolve();
  };
}

auditSinkContract('stdout', () => {
  const pipe = new Pipe();
  return Promise.resolve({
    open: () => Promise.resolve(stdoutSink(pipe)),
    written: () => Promise.resolve(pipe.text.toString()),
    failNext: (bytes) => void (pipe.failAfter = bytes),
    restarts: false,
    remove: () => Promise.resolve(),
  });
});

test('is found by its default export', () => {
  expect(stdout).toMatchObject({ kind: 'audit-sink', name: 'stdout' });
});

test('waits for a slow reader, longer each time up to a bound, and loses nothing', async () => {
  const pipe = new Pipe();
  pipe.room = 3;
  const sink = stdoutSink(pipe);
  pipe.busy = 9;
  await sink.append(Buffer.from('abcdefgh\n'));
  expect(pipe.text.toString()).toBe('abcdefgh\n');
  expect(pipe.waits).toEqual([1, 2, 4, 8, 16, 32, 50, 50, 50]);
});

test('stops waiting when it is closed', async () => {
  const pipe = new Pipe();
  pipe.busy = Infinity;
  const sink = stdoutSink({ write: pipe.write, wait: () => sink.close() });
  await expect((async () => sink.append(Buffer.from('a\n')))()).rejects.toThrow('closed');
});
