/** A listener in the process of the test, in front of a service that tells what has reached it. */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TlsOptions } from 'node:tls';
import { StrongroomError } from '../errors.ts';
import { Listener, type ListenerOptions } from './listener.ts';

/** A request that has reached the service, with its body. */
export interface Reached {
  readonly method: string;
  readonly target: string;
  readonly body: string;
}

/** A listener that echoes. */
export interface EchoListener {
  readonly listener: Listener;
  /** Every request that was served, in order. */
  readonly reached: Reached[];
  /** Opens a connection and collects what comes back. */
  open(): Promise<RawSocket>;
  close(): Promise<void>;
}

/** How long a test waits for the listener: longer than any bound of its own that a test sets. */
const waitMs = 8000;

/** A connection on which the test writes bytes. */
export class RawSocket {
  readonly socket: Socket;
  #text = '';
  #ended = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    for (const event of ['end', 'close', 'error']) socket.on(event, end);
  }

  /** Writes each part as a chunk of its own: the listener has read one before the next is sent. */
  async write(...parts: readonly (string | Uint8Array)[]): Promise<void> {
    for (const part of parts) {
      if (!this.socket.destroyed) this.socket.write(part);
      // The listener lives in this process: some turns of the loop later it has read what the kernel has.
      for (let turn = 0; turn < 4; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
    }
  }

  /** What came back once there are so many status lines, or the connection has ended. */
  async answers(count: number): Promise<string> {
    await this.#until(() => this.statuses.length >= count || this.#ended, `answer ${count}`);
    return this.#text;
  }

  /** Waits until the peer has closed. */
  async ended(): Promise<string> {
    await this.#until(() => this.#ended, 'the end of the connection');
    return this.#text;
  }

  /** @throws Error when it does not come: a listener that takes a request for a longer one waits for ever */
  async #until(happened: () => boolean, what: string): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`${what} did not come within ${waitMs} ms`)), waitMs);
    try {
      while (!happened()) await Promise.race([late.promise, new Promise<void>((resolve) => (this.#wake = resolve))]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The statuses so far. */
  get statuses(): number[] {
    return [...this.#text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }
}

/** Starts one on a free port. */
export async function startEcho(changes: Partial<ListenerOptions> = {}, bodyBytesMax = 1_048_576): Promise<EchoListener> {
  const reached: Reached[] = [];
  const options: ListenerOptions = {
    at: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    tls: undefined,
    maxConnections: 10_000,
    headerWaitMs: 10_000,
    requestTimeoutMs: 60_000,
    headBytesMax: 20_480,
    ...changes,
  };
  const listener = new Listener(options, {
    serve: async (incoming) => {
      try {
        const { method, target } = incoming;
        const body = (await incoming.readBody(bodyBytesMax)).toString('latin1');
        reached.push({ method, target, body });
        return { status: 200, body: `${method} ${target} ${body.length}\n`, contentType: 'text/plain' };
      } catch (error) {
        if (!(error instanceof StrongroomError)) throw error;
        return { status: error.status, body: '{"errors":[]}\n', contentType: 'application/json' };
      }
    },
    began: () => {},
    answered: () => {},
  });
  await listener.listen();
  const sockets: Socket[] = [];
  return {
    listener,
    reached,
    open: async () => {
      const socket = await connected(listener.port, options.tls);
      sockets.push(socket);
      return new RawSocket(socket);
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await listener.close();
    },
  };
}

function connected(port: number, tls: TlsOptions | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket: Socket =
      tls === undefined
        ? connectTcp({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
        : connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => resolve(socket));
    socket.once('error', reject);
  });
}
