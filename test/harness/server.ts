/** A real server in a process of its own, on a directory of its own, as the README starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiled } from './cli.ts';
import { Connection, type Observer, type RawAnswer, type RawRequest } from './client.ts';

const main = fileURLToPath(new URL('../../core/cli/main.ts', import.meta.url));

/** How to start one. */
export interface TestServerOptions {
  /** Merged over the defaults of a development server. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Runs the server under another program, e.g. strace. */
  readonly prefix?: readonly string[];
  /** A directory to use and keep; otherwise a temporary one that `destroy` removes. */
  readonly directory?: string;
  /** Told of every answer on connections of this server. */
  readonly onAnswer?: Observer;
}

/** A free port of the loopback interface. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A started server. */
export class TestServer {
  readonly directory: string;
  readonly port: number;
  readonly configFile: string;
  readonly #options: TestServerOptions;
  #child: ChildProcess | undefined;
  #connection: Connection | undefined;
  /** Everything it printed, over all starts. */
  output = '';
  rootToken = '';

  private constructor(options: TestServerOptions, directory: string, port: number) {
    this.#options = options;
    this.directory = directory;
    this.port = port;
    this.configFile = join(directory, 'config.json');
  }

  /** Starts a server and waits until it listens and (with the default config) is unsealed. */
  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'strongroom-'));
    const server = new TestServer(options, directory, await freePort());
    writeFileSync(server.configFile, JSON.stringify({ ...server.#defaults(), ...options.config }));
    await server.restart();
    return server;
  }

  #defaults(): Record<string, unknown> {
    return {
      listeners: [{ type: 'tcp', address: `127.0.0.1:${this.port}` }],
      storage: { type: 'file', directory: 'data' },
      seal: { type: 'static', key_file: 'seal.key', create: true },
      initialize: { auto: true, root_token_to: 'stdout' },
      audit_sinks: [{ name: 'file', type: 'file', options: { path: join(this.directory, 'audit.log') } }],
      mounts: [{ path: 'secret/', type: 'kv', options: { version: 2 } }],
      auth: [{ path: 'userpass/', type: 'userpass' }],
      log: { level: 'info', format: 'json' },
    };
  }

  /** Starts the process again. @throws Error with what it printed when it ends instead of listening */
  async restart(): Promise<void> {
    const run = [process.execPath, '--conditions=source', main, 'server', '--config', this.configFile];
    const [command, ...args] = this.#options.prefix === undefined ? run : [...this.#options.prefix, ...run];
    const child = spawn(command ?? '', args, {
      env: { ...process.env, ...compiled, ...this.#options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const from = this.output.length;
    const listening = Promise.withResolvers<void>();
    let listens = false;
    const take = (chunk: Buffer): void => {
      this.output += chunk.toString();
      // Searched until then only: a test may have the server print a lot.
      if (listens || !this.output.includes('"msg":"listening"', from)) return;
      listens = true;
      listening.resolve();
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('exit', (code, signal) => listening.reject(new Error(`the server ended (${code ?? signal}): ${this.output.slice(from)}`)));
    await listening.promise;
    this.rootToken = /VAULT_TOKEN='([^']+)'/.exec(this.output)?.[1] ?? this.rootToken;
  }

  /** Process id of the running server (of the program in front of it, when there is one). */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Sends a request on a kept-alive connection; the root token unless the request says otherwise (`token: undefined` sends none). */
  send(request: RawRequest): Promise<RawAnswer> {
    if (this.#connection?.usable !== true) this.#connection = this.connect();
    return this.#connection.send('token' in request ? request : { ...request, token: this.rootToken });
  }

  /** Opens a connection of its own. */
  connect(): Connection {
    return new Connection(this.port, this.#options.onAnswer);
  }

  /** The audit file's lines, parsed. `torn`: lines that a crash has left unfinished are skipped. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into entries of every shape
  auditLines({ torn = false }: { readonly torn?: boolean } = {}): any[] {
    return readFileSync(join(this.directory, 'audit.log'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !(torn && !line.endsWith('}')))
      .map((line) => JSON.parse(line) as unknown);
  }

  /** Ends the process and waits for its end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#connection?.close();
    this.#connection = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  /** Resolves with the exit code when the process ends by itself; null when a signal ended it. */
  ended(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child?.exitCode ?? null);
    return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  }

  /** Sends a signal and goes on. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it and removes its directory. */
  async destroy(): Promise<void> {
    await this.kill();
    if (this.#options.directory === undefined) rmSync(this.directory, { recursive: true, force: true });
  }
}
