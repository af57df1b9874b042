/**
 * Follows the SDK's README to the letter, as a new author of a plugin would: in an empty folder outside the repo, with the packages as they
 * are published and whatever Node the machine has, until the engine answers over HTTP. Prints each command with its time.
 * Only three things differ: packages come from tarballs, the server takes a free port, and hash and token are copied by this program.
 * Run: `npm run author`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { readSteps, type Step } from './read-steps.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'strongroom-author-'));
const serverStartMs = 120_000;

/** As in a shell that knows nothing of this repo: no Node of ours, no settings of the npm that runs this. */
function strangersEnvironment(): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|INIT_CWD|VAULT_)/.test(name)) as [string, string][];
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((part) => !part.includes('node_modules') && !part.includes('node-gyp-bin'));
  return { ...Object.fromEntries(own), PATH: path.join(delimiter) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The published packages by name. */
function pack(): ReadonlyMap<string, string> {
  execFileSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: 'inherit' });
  const tarballs = join(folder, 'tarballs');
  mkdirSync(tarballs);
  return new Map(
    globSync(['*/dist/package/package.json', '*/*/dist/package/package.json'], { cwd: root, exclude: ['node_modules/**'] }).map((file) => {
      const { name } = JSON.parse(readFileSync(join(root, file), 'utf8')) as { readonly name: string };
      const out = execFileSync('npm', ['pack', '--silent', '--pack-destination', tarballs], {
        cwd: join(root, file, '..'),
        encoding: 'utf8',
      });
      return [name, join(tarballs, out.trim())];
    }),
  );
}

/** What the author has in front of them. */
class Desk {
  readonly #packages: ReadonlyMap<string, string>;
  readonly #port: number;
  readonly #environment = strangersEnvironment();
  #directory = folder;
  #sha256 = '';
  /** Ends the server and whatever it started. */
  stop: () => void = () => {};

  constructor(packages: ReadonlyMap<string, string>, port: number) {
    this.#packages = packages;
    this.#port = port;
  }

  async follow(step: Step): Promise<void> {
    const began = performance.now();
    const what = step.kind === 'file' ? `(writes ${step.name})` : step.command;
    try {
      if (step.kind === 'file') this.#write(step.name, step.text);
      else if (step.command.includes('strongroom server')) await this.#serve(step.command);
      else await this.#run(step.command, step.promised);
    } finally {
      process.stdout.write(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${what}\n`);
    }
  }

  #write(name: string, text: string): void {
    const filled = text.replaceAll(/<[^>\n]*SHA-256[^>\n]*>/g, this.#sha256).replaceAll('127.0.0.1:8200', `127.0.0.1:${this.#port}`);
    writeFileSync(join(this.#directory, name), name.endsWith('.yaml') ? filled : text);
  }

  async #run(command: string, promised: readonly string[]): Promise<void> {
    const where = join(folder, 'where');
    const child = spawn('bash', ['-euo', 'pipefail', '-c', `${this.#named(command)}\npwd > '${where}'`], {
      cwd: this.#directory,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`${command}\nended with ${code}:\n${output}`);
    for (const text of promised) if (!output.includes(text)) throw new Error(`${command}\nanswers no ${text}:\n${output}`);
    this.#sha256 = /SHA-256 ([0-9a-f]{64})/.exec(output)?.[1] ?? this.#sha256;
    this.#directory = readFileSync(where, 'utf8').trim();
  }

  /** Names of our packages become their files. */
  #named(command: string): string {
    if (!command.startsWith('npm install')) return command;
    return command
      .split(' ')
      .map((word) => this.#packages.get(word) ?? word)
      .join(' ');
  }

  /** Starts the server in another terminal, and takes over the lines that it says to export. */
  async #serve(command: string): Promise<void> {
    const child = spawn('bash', ['-c', `exec ${command}`], {
      cwd: this.#directory,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.stop = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
    };
    let output = '';
    const listening = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the server does not start:\n${output}`)), serverStartMs);
      const take = (data: Buffer): void => {
        output += data.toString();
        for (const [, name = '', value = ''] of output.matchAll(/export (\w+)='([^']*)'/g)) this.#environment[name] = value;
        if (!/VAULT_TOKEN='[^']+'[^]*\blistening\b/.test(output)) return;
        clearTimeout(late);
        resolve();
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
    });
    await listening;
  }
}

const began = performance.now();
const desk = new Desk(pack(), await freePort());
try {
  for (const step of readSteps(readFileSync(join(root, 'sdk-plugin/README.md'), 'utf8'))) await desk.follow(step);
  process.stdout.write(`the README holds: ${((performance.now() - began) / 1000).toFixed(0)} s in all, packing included\n`);
} catch (error) {
  process.stdout.write(`the README does not hold: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  desk.stop();
  rmSync(folder, { recursive: true, force: true });
}
