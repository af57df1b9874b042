/** A server for tests of the commands: answers from a table and keeps what it was asked. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { run } from './run.ts';
import type { ExitCode } from './terminal.ts';

/** Answers by `METHOD /path?query`: a status and JSON text. */
export type Script = Readonly<Record<string, readonly [status: number, body: string]>>;

/** One request that came in. */
export interface Asked {
  readonly target: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** What a command left behind. */
export interface Outcome {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
  readonly asked: readonly Asked[];
  /** Private files that it wrote. */
  readonly written: Readonly<Record<string, string>>;
}

/** What stands around a command; defaults are empty. */
export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly interactive?: boolean;
  /** A socket to listen on instead of a port. */
  readonly socket?: string;
}

/** Runs one command against a script. What the script does not have is answered by 500. */
export async function runAgainst(script: Script, args: readonly string[], around: Surroundings = {}): Promise<Outcome> {
  const asked: Asked[] = [];
  const written: Record<string, string> = {};
  const server = createServer((request, response) => void answer(request, response));
  const address = await listen(server, around.socket);
  let out = '';
  let err = '';
  try {
    const code = await run(args, {
      env: { HOME: '/home/user', VAULT_ADDR: address, VAULT_TOKEN: 'the-token', ...around.env },
      interactive: around.interactive ?? false,
      out: (output) => void (out += output),
      err: (output) => void (err += output),
      readStdin: () => Promise.resolve(around.stdin ?? ''),
      readFile: (path) => {
        const content = around.files?.[path];
        if (content === undefined) throw new Error('ENOENT');
        return content;
      },
      askSecret: () => Promise.resolve(around.stdin ?? ''),
      writePrivateFile: (path, content) => void (written[path] = content),
    });
    return { code, out, err: err.replaceAll(address, 'ADDRESS'), asked, written };
  } finally {
    await new Promise((done) => server.close(done));
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const target = `${request.method} ${request.url}`;
    asked.push({ target, headers: request.headers, body });
    const [status, json] = script[target] ?? [500, '{"errors":["not in the script"]}'];
    response.writeHead(status, { 'content-type': 'application/json' }).end(json);
  }
}

function listen(server: Server, socket: string | undefined): Promise<string> {
  return new Promise((resolve) => {
    if (socket !== undefined) server.listen(socket, () => resolve(`unix://${socket}`));
    else {
      server.listen(0, '127.0.0.1', () => {
        const bound = server.address();
        resolve(`http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`);
      });
    }
  });
}
