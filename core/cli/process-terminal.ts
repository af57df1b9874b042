/** The terminal of the running process. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { UsageError, type Terminal } from './terminal.ts';

/** Gives the process's own streams and environment. */
export function processTerminal(): Terminal {
  // Whoever reads, e.g. head, may stop before the end.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  return {
    env: process.env,
    interactive: process.stdout.isTTY,
    out: (output) => void process.stdout.write(output),
    err: (output) => void process.stderr.write(output),
    readStdin: () => text(process.stdin),
    readFile: (path) => readFileSync(path, 'utf8'),
    askSecret,
    writePrivateFile,
  };
}

/** The file has its name only when it is whole, and never had another mode. */
function writePrivateFile(path: string, content: string): void {
  const part = `${path}.${process.pid}.part`;
  try {
    writeFileSync(part, content, { mode: 0o600, flag: 'wx' });
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

async function askSecret(prompt: string): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError('Nobody is there to ask: give the value, or - to read it from standard input');
  // Readline echoes what is typed to its output: this one swallows it.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: silent, terminal: true });
  // Only now, when the terminal has stopped to echo: whoever answers at once is not shown either.
  process.stderr.write(prompt);
  try {
    return await new Promise<string>((resolve, reject) => {
      // Ctrl-C and Ctrl-D end the reader, which then leaves its question open.
      reader.once('close', () => reject(new UsageError('Nothing was entered')));
      reader.question('').then(resolve, reject);
    });
  } finally {
    reader.close();
    process.stderr.write('\n');
  }
}
