/** One listener: HTTP/1.1 over TCP, TLS or a Unix socket, with its bounds, in front of the pipeline. */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as HttpsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { StrongroomError } from '../errors.ts';
import type { Answer, Incoming } from '../request/incoming.ts';
import { forwardedFor, type ForwardedForOptions } from './forwarded-for.ts';
import { HeldBodies } from './held-bodies.ts';
import { ListVerb, type ParserError } from './list-verb.ts';
import type { ProxySource } from './proxy-header.ts';
import { ProxyProtocol, type ProxyProtocolOptions } from './proxy-protocol.ts';
import { hasBody, noBody, readBody } from './read-body.ts';

/** Where to listen, and how. */
export interface ListenerOptions extends ListenerBounds {
  readonly at:
    | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
    | { readonly kind: 'unix'; readonly path: string; readonly mode: number };
  readonly tls: TlsOptions | undefined;
  /** Proxies that say by a header whom they speak for; undefined: nobody is believed. */
  readonly forwardedFor?: ForwardedForOptions | undefined;
  /** Proxies that say so ahead of the connection. */
  readonly proxyProtocol?: ProxyProtocolOptions | undefined;
}

/** What a listener bears. */
export interface ListenerBounds {
  readonly maxConnections: number;
  readonly headerWaitMs: number;
  readonly requestTimeoutMs: number;
  /** Largest request line and header block together, in bytes. */
  readonly headBytesMax: number;
}

/** Serves requests. */
export interface Service {
  serve(incoming: Incoming): Promise<Answer>;
  /** Told when a request begins, and how it ended. */
  began(): void;
  answered(status: number, seconds: number): void;
}

/** Headers of which a second one would make it a matter of taste which counts. */
const singular: ReadonlySet<string> = new Set([
  'host',
  'x-vault-token',
  'authorization',
  'x-vault-namespace',
  'x-vault-wrap-ttl',
  'x-vault-wrap-format',
  'content-length',
  'transfer-encoding',
  'content-type',
]);

/** How much, and how long, is thrown away of a body that is not wanted. */
const lingerBytesMax = 67_108_864;
const lingerMs = 2000;

/** A running listener. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #service: Service;
  #requestTimeoutMs: number;
  readonly #server: HttpServer | HttpsServer;
  readonly #list: ListVerb;
  readonly #proxy: ProxyProtocol | undefined;
  readonly #forwardedFor: ReturnType<typeof forwardedFor> | undefined;
  /** The newest response of each connection. */
  readonly #open = new WeakMap<Socket, ServerResponse>();
  /** Connections on which nothing more is run: a request on them was malformed. */
  readonly #ending = new WeakSet<Socket>();
  readonly #bodies = new HeldBodies();

  constructor(options: ListenerOptions, service: Service) {
    this.#options = options;
    this.#requestTimeoutMs = options.requestTimeoutMs;
    this.#service = service;
    const http = {
      headersTimeout: options.headerWaitMs,
      // Bodies are timed here, since a restore may take longer than any other request.
      requestTimeout: 0,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: 75_000,
      maxHeaderSize: options.headBytesMax,
      noDelay: true,
      insecureHTTPParser: false,
      // Checked below, so that what follows such a request is not run.
      requireHostHeader: false,
    };
    const handler = (request: IncomingMessage, response: ServerResponse): void => void this.#handle(request, response);
    this.#server =
      options.tls === undefined
        ? createServer(http, handler)
        : createSecureServer({ ...http, ...options.tls, handshakeTimeout: options.headerWaitMs }, handler);
    this.#server.maxConnections = options.maxConnections;
    this.#list = new ListVerb(this.#server, options.tls !== undefined, options.headerWaitMs);
    this.#forwardedFor = options.forwardedFor && forwardedFor(options.forwardedFor);
    // After everything else that wants to see connections: it stands in front of them.
    this.#proxy =
      options.proxyProtocol &&
      new ProxyProtocol(this.#server, options.proxyProtocol, options.headerWaitMs, (socket, bytes, rest) => {
        if (options.tls === undefined) this.#list.startAfter(socket, bytes, rest);
      });
    this.#server.on('clientError', (error: ParserError, socket: Socket) => this.#clientError(error, socket));
    this.#server.on('checkContinue', handler);
    this.#server.on('upgrade', (_request: IncomingMessage, socket: Socket) => socket.destroy());
  }

  /** Starts. @throws StrongroomError `unavailable` in words when the address is taken or may not be used */
  async listen(): Promise<void> {
    const { at } = this.#options;
    const where = at.kind === 'tcp' ? `${at.host}:${at.port}` : at.path;
    if (at.kind === 'unix') await removeStaleSocket(at.path);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const why =
          error.code === 'EADDRINUSE'
            ? 'another server listens there'
            : error.code === 'EACCES'
              ? 'that is not permitted'
              : (error.code ?? 'it failed');
        reject(new StrongroomError('unavailable', `cannot listen on ${where}: ${why}`, { cause: error }));
      });
      if (at.kind === 'tcp') this.#server.listen(at.port, at.host, resolve);
      else this.#server.listen(at.path, resolve);
    });
    if (at.kind === 'unix') chmodSync(at.path, at.mode);
  }

  /** The port it got, for port 0. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Takes new certificates over for new connections. */
  reloadTls(context: SecureContextOptions): void {
    if ('setSecureContext' in this.#server) this.#server.setSecureContext(context);
  }

  /** Takes other bounds over: waits at once, the size of heads for new connections. Connections beyond a lower number stay, and so does the wait for handshakes. */
  rebound({ maxConnections, headerWaitMs, requestTimeoutMs, headBytesMax }: ListenerBounds): void {
    // Node reads all of them anew for each connection or check; its types lack `maxHeaderSize`.
    Object.assign(this.#server, {
      maxConnections,
      headersTimeout: headerWaitMs,
      maxHeaderSize: headBytesMax,
    });
    this.#requestTimeoutMs = requestTimeoutMs;
    this.#list.waitMs = headerWaitMs;
    if (this.#proxy !== undefined) this.#proxy.waitMs = headerWaitMs;
  }

  /** Accepts nothing new; resolves when the requests under way are answered. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    this.#proxy?.close();
    const reaper = setInterval(() => this.#server.closeIdleConnections(), 50);
    const deadline = setTimeout(() => this.#server.closeAllConnections(), 5000);
    await closed;
    clearInterval(reaper);
    clearTimeout(deadline);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    const started = performance.now();
    this.#service.began();
    const before = this.#open.get(socket);
    this.#open.set(socket, response);
    const closed = (): void => {
      this.#list.end(socket);
      this.#service.answered(response.statusCode, (performance.now() - started) / 1000);
    };
    response.once('close', closed);
    const method = this.#list.begin(socket, request.method ?? '');
    if (before !== undefined && !before.closed) {
      // Pipelined: one after another, as if the client had waited.
      await new Promise((resolve) => before.once('close', resolve));
      // A response that never got the socket does not close by itself.
      if (socket.destroyed || this.#ending.has(socket)) return void response.emit('close');
    }
    let answer: Answer;
    const malformed = checkHeaders(request);
    if (malformed !== undefined) this.#ending.add(socket);
    const client = this.#client(request);
    if (method === undefined) answer = refusal(405, []);
    else if ('refusal' in client) answer = malformed ?? refusal(400, [client.refusal]);
    else answer = malformed ?? (await this.#service.serve(this.#incoming(request, response, method, client)));
    send(request, response, answer, { secure: this.#options.tls !== undefined, last: malformed !== undefined });
  }

  /** Who asks, as far as proxies are believed. */
  #client({ socket, headers }: IncomingMessage): ProxySource | { readonly refusal: string } {
    const { address, port } = this.#proxy?.sourceOf(socket) ?? { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    if (this.#forwardedFor === undefined) return { address, port };
    const client = this.#forwardedFor(address, headers['x-forwarded-for']);
    return 'refusal' in client ? client : { address: client.address, port };
  }

  #incoming(request: IncomingMessage, response: ServerResponse, method: string, client: ProxySource): Incoming {
    const { headers } = request;
    const length = headers['content-length'];
    return {
      method,
      target: request.url ?? '',
      headers,
      remoteAddress: client.address,
      remotePort: client.port,
      secure: this.#options.tls !== undefined,
      length: length === undefined ? undefined : Number(length),
      readBody: (bytesMax) => {
        // Whoever waits to be asked for the body is asked only when nothing has refused the request before.
        if (headers.expect !== undefined) response.writeContinue();
        return hasBody(request) ? this.#readBody(request, response, bytesMax) : noBody;
      },
      streamBody: () => {
        if (headers.expect !== undefined) response.writeContinue();
        return this.#streamBody(request);
      },
    };
  }

  async #readBody(request: IncomingMessage, response: ServerResponse, bytesMax: number): Promise<Buffer> {
    const held = this.#bodies.open(bytesMax);
    response.once('close', () => held.release());
    const deadline = setTimeout(() => this.#timeOut(request.socket), this.#requestTimeoutMs);
    try {
      return await readBody(request, bytesMax, held);
    } finally {
      clearTimeout(deadline);
    }
  }

  /** An upload may take as long as it likes, but not stand still. */
  async *#streamBody(request: IncomingMessage): AsyncGenerator<Uint8Array> {
    const arm = (): NodeJS.Timeout => setTimeout(() => this.#timeOut(request.socket), this.#requestTimeoutMs);
    let deadline = arm();
    try {
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        clearTimeout(deadline);
        yield chunk as Buffer;
        deadline = arm();
      }
    } catch (cause) {
      throw new StrongroomError('invalid', 'request body: the connection was closed', { cause });
    } finally {
      clearTimeout(deadline);
    }
  }

  #timeOut(socket: Socket): void {
    this.#clientError(Object.assign(new Error('the body did not come in time'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
  }

  #clientError(error: ParserError, socket: Socket): void {
    const newest = this.#open.get(socket);
    if (newest?.writableEnded && !newest.closed && error.code === 'HPE_INVALID_METHOD' && !this.#ending.has(socket)) {
      // The client has the answer before and asks again, earlier than the socket tells us that the answer is out, which over TLS it often is.
      this.#list.hold(socket);
      newest.once('close', () => this.#clientError(error, socket));
      return;
    }
    if (this.#list.retry(error, socket)) return;
    if (socket.destroyed || !socket.writable) return;
    if (newest !== undefined && !newest.closed && (newest.req.complete || this.#ending.has(socket))) {
      // An answer is under way: nothing may be written into it, and nothing comes after it.
      this.#ending.add(socket);
      newest.once('close', () => socket.destroySoon());
      return;
    }
    const status =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? '431 Request Header Fields Too Large'
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? '408 Request Timeout'
          : error.code === 'HPE_INVALID_METHOD'
            ? '405 Method Not Allowed'
            : '400 Bad Request';
    const body = '{"errors":[]}\n';
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    // The peer may never close its half, or never finish the handshake that TLS wants before anything is sent.
    setTimeout(() => socket.destroy(), lingerMs).unref();
  }
}

function refusal(status: number, errors: readonly string[]): Answer {
  return { status, body: `${JSON.stringify({ errors })}\n`, contentType: 'application/json' };
}

/** Refuses a header that may come once and comes twice, and framing that two readers could see differently. */
function checkHeaders(request: IncomingMessage): Answer | undefined {
  const { rawHeaders, headers, httpVersion } = request;
  if (headers.host === undefined && httpVersion === '1.1') return refusal(400, ['header Host: missing']);
  let seen = '';
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    if (!singular.has(name)) continue;
    if (seen.includes(`|${name}|`)) return refusal(400, [`header ${name}: occurs twice`]);
    seen += `|${name}|`;
  }
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && (headers['content-length'] !== undefined || coding.toLowerCase() !== 'chunked'))
    return refusal(400, ['header Transfer-Encoding: must be chunked, without Content-Length']);
  return undefined;
}

interface SendOptions {
  readonly secure: boolean;
  /** The connection ends with this answer. */
  readonly last: boolean;
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer, { secure, last }: SendOptions): void {
  const { status, contentType, headers, sent, stream } = answer;
  const body = request.method === 'HEAD' ? undefined : answer.body;
  if (response.destroyed) return;
  const all: string[] = ['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff'];
  if (contentType !== undefined) all.push('Content-Type', contentType);
  if (secure) all.push('Strict-Transport-Security', 'max-age=31536000; includeSubDomains');
  if (headers !== undefined) for (const [name, value] of Object.entries(headers)) all.push(name, value);
  if (status !== 204 && body !== undefined)
    all.push('Content-Length', String(typeof body === 'string' ? Buffer.byteLength(body) : body.length));
  // A body that was not read to its end can't be skipped: what follows it must not be taken for a request.
  const { complete } = request;
  if (!complete || last) all.push('Connection', 'close');
  response.writeHead(status, all);
  if (stream !== undefined) return sendStream(stream, response);
  if (complete) return void (sent === undefined ? response.end(body) : response.end(body, sent));
  if (body !== undefined && status !== 204) response.write(body, () => sent?.());
  else response.flushHeaders();
  endAfterBody(request, response);
}

/** An answer that can't be begun ends as one that breaks off: the client sees that it is not whole. */
function sendStream(stream: () => Readable, response: ServerResponse): void {
  try {
    // Its first byte may be long in coming.
    response.flushHeaders();
    pipeline(stream(), response, () => {});
  } catch {
    response.destroy();
  }
}

/**
 * Ends an answer that left before the body had come. A socket that is closed over unread bytes is reset, and a client that is
 * still sending may then never see the answer: so the rest is thrown away for a while first.
 */
function endAfterBody(request: IncomingMessage, response: ServerResponse): void {
  let bytesLeft = lingerBytesMax;
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, lingerMs);
  for (const event of ['end', 'error', 'close']) request.once(event, end);
  request.on('data', (chunk: Buffer) => {
    if ((bytesLeft -= chunk.length) < 0) end();
  });
  request.resume();
}

/** Removes a socket file that no server listens on. @throws StrongroomError `unavailable` when one does, or it is no socket */
async function removeStaleSocket(path: string): Promise<void> {
  let isSocket: boolean;
  try {
    isSocket = lstatSync(path).isSocket();
  } catch {
    return;
  }
  if (!isSocket) throw new StrongroomError('unavailable', `cannot listen on ${path}: a file that is no socket is there`);
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (alive) throw new StrongroomError('unavailable', `cannot listen on ${path}: another server listens there`);
  unlinkSync(path);
}
