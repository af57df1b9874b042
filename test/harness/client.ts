/** A raw HTTP client for tests: what is sent is what the test says, LIST included. */
import { connect as connectTcp, type Socket } from 'node:net';

/** An answer, parsed when it is JSON. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Null when the body is no JSON. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly json: any;
}

/** One request. */
export interface RawRequest {
  readonly method: string;
  /** Below `/v1/`, or a whole target when it starts with a slash. */
  readonly path: string;
  readonly token?: string | undefined;
  /** JSON value, or text that is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The bytes of a request. */
export function requestBytes({ method, path, token, body, headers }: RawRequest): Buffer {
  const payload = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const lines = [`${method} ${path.startsWith('/') ? path : `/v1/${path}`} HTTP/1.1`, 'Host: localhost'];
  if (token !== undefined) lines.push(`X-Vault-Token: ${token}`);
  for (const [name, value] of Object.entries(headers ?? {})) lines.push(`${name}: ${value}`);
  if (payload !== '' || method === 'POST' || method === 'PUT') lines.push(`Content-Length: ${Buffer.byteLength(payload)}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${payload}`);
}

/** Reads answers, one after another, from a connection. */
export class AnswerReader {
  #bytes = Buffer.alloc(0);
  #closed = false;
  #wake: (() => void)[] = [];
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wakeAll();
    });
    const ended = (): void => {
      this.#closed = true;
      this.#wakeAll();
    };
    socket.on('close', ended);
    socket.on('end', ended);
    socket.on('error', ended);
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** The next answer; undefined when the connection ended before one was complete. @param head the answer to a HEAD has no body */
  async next(head = false): Promise<RawAnswer | undefined> {
    for (;;) {
      const answer = this.#take(head);
      if (answer !== undefined) return answer;
      if (this.#closed) return undefined;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #take(head: boolean): RawAnswer | undefined {
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [statusLine = '', ...lines] = this.#bytes.toString('latin1', 0, end).split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const length = head ? 0 : Number(headers['content-length'] ?? 0);
    const start = end + 4;
    if (this.#bytes.length < start + length) return undefined;
    const text = this.#bytes.toString('utf8', start, start + length);
    this.#bytes = this.#bytes.subarray(start + length);
    return { status: Number(statusLine.split(' ')[1]), headers, text, json: parse(text) };
  }

  /** Whether the peer has closed. */
  get closed(): boolean {
    return this.#closed;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Told of a request and its answer. */
export type Observer = (request: RawRequest, answer: RawAnswer) => void;

/** A kept-alive connection; requests on it are answered in order. */
export class Connection {
  readonly socket: Socket;
  readonly answers: AnswerReader;
  readonly #observer: Observer | undefined;
  #ending = false;
  #last: Promise<unknown> = Promise.resolve();

  /** @param to a port of the loopback interface, or a socket that is connecting or connected (TLS, Unix) */
  constructor(to: number | Socket, observer?: Observer) {
    this.socket = typeof to === 'number' ? connectTcp({ port: to, host: '127.0.0.1', noDelay: true }) : to;
    this.#observer = observer;
    this.answers = new AnswerReader(this.socket);
  }

  /** Sends and waits for the answer. @throws Error when the connection ends before it */
  send(request: RawRequest): Promise<RawAnswer> {
    const done = this.#last.then(async () => {
      this.socket.write(requestBytes(request));
      const answer = await this.answers.next(request.method === 'HEAD');
      if (answer === undefined) throw new Error(`connection ended before the answer to ${request.method} ${request.path}`);
      this.#ending = answer.headers['connection'] === 'close';
      this.#observer?.(request, answer);
      return answer;
    });
    this.#last = done.catch(() => {});
    return done;
  }

  /** Whether it takes another request. */
  get usable(): boolean {
    return !this.#ending && !this.answers.closed;
  }

  close(): void {
    this.socket.destroy();
  }
}
