/** Takes the header of a proxy from the front of each connection, before HTTP or TLS see the first byte. */
import type { Server, Socket } from 'node:net';
import { addressTest } from '../request/address-blocks.ts';
import { type ProxySource, readProxyHeader } from './proxy-header.ts';

/** From whom the header is expected. Who is expected to send one and does not is closed on: what may or may not be there is guessed by nobody. */
export interface ProxyProtocolOptions {
  readonly behavior: 'use_always' | 'allow_authorized' | 'deny_unauthorized';
  /** Blocks of the proxies, with their bits. */
  readonly authorizedAddrs: readonly string[];
}

/** What hands a connection on. */
type ConnectionListener = (socket: Socket) => void;

/** A socket's four ends; the same for the connection and for the TLS in it. */
function ends({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

/** Stands between a server's connections and its own listeners of them. */
export class ProxyProtocol {
  readonly #options: ProxyProtocolOptions;
  readonly #isProxy: (address: string) => boolean;
  readonly #passOn: readonly ConnectionListener[];
  readonly #handed: (socket: Socket, headerBytes: number, rest: Buffer) => void;
  readonly #seen = new WeakSet<Socket>();
  /** By the ends of their connections. */
  readonly #sources = new Map<string, ProxySource>();
  /** Connections whose header has not come yet. */
  readonly #waiting = new Set<Socket>();
  /** How long a header may take to arrive. */
  waitMs: number;

  /** @param handed told of each connection that is handed on  @param waitMs how long a header may take to arrive */
  constructor(
    server: Server,
    options: ProxyProtocolOptions,
    waitMs: number,
    handed: (socket: Socket, headerBytes: number, rest: Buffer) => void,
  ) {
    this.#options = options;
    this.#isProxy = addressTest(options.authorizedAddrs);
    this.#handed = handed;
    this.waitMs = waitMs;
    // Each is a function of one socket: it is what `connection` is emitted with.
    this.#passOn = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => this.#connected(server, socket));
  }

  /** Whom a connection speaks for; undefined: its own peer. */
  sourceOf(socket: Socket): ProxySource | undefined {
    return this.#sources.get(ends(socket));
  }

  /** Closes connections that have said nothing yet. */
  close(): void {
    for (const socket of this.#waiting) socket.destroy();
  }

  #connected(server: Server, socket: Socket): void {
    // One that has been handed on already comes again when its LIST is parsed anew.
    if (this.#seen.has(socket)) return this.#emit(server, socket);
    this.#seen.add(socket);
    const { behavior } = this.#options;
    const proxy = behavior === 'use_always' || this.#isProxy(socket.remoteAddress ?? '');
    if (proxy) this.#awaitHeader(server, socket);
    else if (behavior === 'deny_unauthorized') socket.destroy();
    else this.#emit(server, socket);
  }

  #emit(server: Server, socket: Socket): void {
    for (const listener of this.#passOn) listener.call(server, socket);
  }

  #awaitHeader(server: Server, socket: Socket): void {
    let bytes = Buffer.alloc(0);
    const key = ends(socket);
    const close = (): void => {
      settle();
      socket.destroy();
    };
    const timer = setTimeout(close, this.waitMs);
    const read = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null)
        bytes = Buffer.concat([bytes, chunk]);
      const header = bytes.length === 0 ? 'more' : readProxyHeader(bytes);
      if (header === 'malformed') return close();
      if (header === 'more') return;
      settle();
      if (header.source !== undefined) this.#keep(socket, key, header.source);
      const rest = bytes.subarray(header.bytes);
      // Once Node has noticed that nobody waits for `readable` any more, whoever comes next reads as from a new socket.
      setImmediate(() => {
        if (socket.destroyed) return;
        if (rest.length > 0) socket.unshift(rest);
        this.#handed(socket, header.bytes, rest);
        this.#emit(server, socket);
      });
    };
    const settle = (): void => {
      clearTimeout(timer);
      this.#waiting.delete(socket);
      socket.off('readable', read);
      for (const event of ['end', 'error', 'close']) socket.off(event, close);
    };
    this.#waiting.add(socket);
    socket.on('readable', read);
    for (const event of ['end', 'error', 'close']) socket.on(event, close);
  }

  #keep(socket: Socket, key: string, source: ProxySource): void {
    this.#sources.set(key, source);
    socket.once('close', () => {
      if (this.#sources.get(key) === source) this.#sources.delete(key);
    });
  }
}
