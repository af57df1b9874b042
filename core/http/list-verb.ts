/**
 * LIST and SCAN over HTTP/1.1. Node's parser refuses these verbs, so this works on its refusal: the parser itself has said that
 * here is the start of a request. The verb's letters are exchanged for those of a known verb of the same length, and the
 * bytes are parsed again. Other requests pay nothing.
 *
 *   chunk …IST /v1/x…  → parser: invalid method at byte n → start of the verb = n − (letters it accepted)
 *                      → LINK /v1/x… → the socket starts over with these bytes
 */
import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';

interface Verb {
  readonly name: string;
  /** A verb that the parser knows, of the same length, that no client may send. */
  readonly standIn: string;
  /** How many letters the parser accepts before it refuses. */
  readonly accepted: number;
}

const verbs: readonly Verb[] = [
  { name: 'LIST', standIn: 'LINK', accepted: 2 },
  { name: 'SCAN', standIn: 'LOCK', accepted: 1 },
];

/** What the parser says of a request that it refuses. */
export interface ParserError extends Error {
  readonly code?: string;
  readonly bytesParsed?: number;
  readonly rawPacket?: Buffer;
}

/** Node's parser of a connection. It reads the socket without anyone seeing the bytes, and calls `[kOnExecute]` after each chunk. */
interface NodeParser {
  [index: number]: ((parsed: unknown) => void) | undefined;
  readonly constructor: { readonly kOnExecute?: number };
  remove?(): void;
  getCurrentBuffer?(): Buffer;
}

type HttpSocket = Socket & { readonly parser?: NodeParser | null };

/** A chunk of so many bytes may end within the letters that the parser takes for those of a verb that it knows. */
const shortBytes = 2;

interface SocketState {
  /** The last bytes, when they came in short chunks, and where they end among the socket's. */
  short: { readonly text: string; readonly endsAt: number } | undefined;
  /** The verb whose stand-in the next request on this socket bears. */
  expected: Verb | undefined;
  /** Responses that are not finished. */
  open: number;
  /** Bytes of the socket that belong to finished requests: where the next one starts. */
  finishedAt: number;
}

/** Rewrites refused verbs of one HTTP server. */
export class ListVerb {
  readonly #server: HttpServer;
  readonly #event: 'connection' | 'secureConnection';
  readonly #sockets = new WeakMap<Socket, SocketState>();

  /** How long a verb may take to arrive: as long as a head may. */
  waitMs: number;

  constructor(server: HttpServer, secure: boolean, waitMs: number) {
    this.#server = server;
    this.waitMs = waitMs;
    this.#event = secure ? 'secureConnection' : 'connection';
    server.on(this.#event, (socket: HttpSocket) => this.#watch(socket));
  }

  /** Keeps the bytes of short chunks: the parser's refusal of a later one does not say which letters it took before. */
  #watch(socket: HttpSocket): void {
    const { parser } = socket;
    const index = parser?.constructor.kOnExecute;
    const execute = index === undefined ? undefined : parser?.[index];
    if (!parser || index === undefined || execute === undefined) return;
    parser[index] = (parsed) => {
      if (typeof parsed === 'number' && parsed <= shortBytes) this.#keep(socket, parser.getCurrentBuffer?.());
      execute(parsed);
    };
  }

  #keep(socket: Socket, chunk: Buffer | undefined): void {
    if (chunk === undefined || chunk.length > shortBytes) return;
    const state = this.#state(socket);
    const before = state.short?.endsAt === socket.bytesRead - chunk.length ? state.short.text : '';
    state.short = { text: (before + chunk.toString('latin1')).slice(-shortBytes), endsAt: socket.bytesRead };
  }

  #state(socket: Socket): SocketState {
    let state = this.#sockets.get(socket);
    if (state === undefined) this.#sockets.set(socket, (state = { short: undefined, expected: undefined, open: 0, finishedAt: 0 }));
    return state;
  }

  /** Notes what came before the first request of a connection, and what of that has been read already. */
  startAfter(socket: Socket, bytes: number, rest: Buffer): void {
    const state = this.#state(socket);
    state.finishedAt = bytes;
    if (rest.length > 0 && rest.length <= shortBytes) state.short = { text: rest.toString('latin1'), endsAt: socket.bytesRead };
  }

  /** The method a request was sent with; undefined for a stand-in that the client sent itself. */
  begin(socket: Socket, method: string): string | undefined {
    const state = this.#state(socket);
    state.open++;
    const verb = verbs.find(({ standIn }) => standIn === method);
    const { expected } = state;
    state.expected = undefined;
    if (verb === undefined) return method;
    return verb === expected ? verb.name : undefined;
  }

  /** Notes that a response is finished. */
  end(socket: Socket): void {
    const state = this.#state(socket);
    state.open--;
    state.finishedAt = socket.bytesRead;
  }

  /** Parses a refused request again when its verb is LIST or SCAN. Answers false when it is anything else. */
  retry(error: ParserError, socket: Socket): boolean {
    const { code, rawPacket, bytesParsed } = error;
    if (code !== 'HPE_INVALID_METHOD' || rawPacket === undefined || bytesParsed === undefined || socket.destroyed || !socket.writable)
      return false;
    const state = this.#state(socket);
    // An earlier response is still open: its bytes and those of this one would have two writers.
    if (state.open > 0) return false;
    const packetAt = socket.bytesRead - rawPacket.length;
    const before = state.short?.endsAt === packetAt ? state.short.text.slice(state.finishedAt - packetAt) : '';
    for (const verb of verbs) {
      const bytes = refusedRequest(verb, rawPacket, bytesParsed, before.length === packetAt - state.finishedAt ? before : '');
      if (bytes === undefined || !matches(verb, bytes)) continue;
      this.#release(socket);
      if (bytes.length > verb.name.length) this.#restart(socket, verb, bytes);
      else this.#awaitVerb(socket, verb, bytes);
      return true;
    }
    return false;
  }

  /**
   * Lets nothing more come from a socket until it is tried again. The parser has to give it back first: paused while the parser
   * reads it, its handle is stopped, and nothing starts that again under the next parser.
   */
  hold(socket: Socket): void {
    socket.on('data', () => {});
    socket.pause();
  }

  /** Takes the socket from the parser that has refused. */
  #release(socket: HttpSocket): void {
    // A listener for data makes Node take the socket back from the native parser.
    socket.on('data', () => {});
    for (const event of ['data', 'end', 'close', 'drain', 'timeout', 'error', 'readable', 'resume', 'pause'])
      socket.removeAllListeners(event);
    // The server must not count this parser's request as one whose head never came.
    socket.parser?.remove?.();
    socket.pause();
  }

  #restart(socket: Socket, verb: Verb, bytes: Buffer): void {
    this.#state(socket).expected = verb;
    const patched = Buffer.from(bytes);
    patched.write(verb.standIn, 'latin1');
    socket.unshift(patched);
    this.#server.emit(this.#event, socket);
    // This parser does not read the socket itself.
    socket.on('data', (chunk: Buffer) => this.#keep(socket, chunk));
    socket.resume();
  }

  /** Waits for the rest of a verb that a chunk has cut. */
  #awaitVerb(socket: Socket, verb: Verb, start: Buffer): void {
    let bytes = start;
    const timer = setTimeout(() => socket.destroy(), this.waitMs);
    const settle = (): void => {
      clearTimeout(timer);
      for (const event of ['data', 'end', 'close', 'error']) socket.removeAllListeners(event);
    };
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const right = matches(verb, bytes);
      if (right && bytes.length <= verb.name.length) return;
      settle();
      socket.pause();
      if (right) this.#restart(socket, verb, bytes);
      else {
        // The parser that this is given back to refuses it again, and this time nothing is made of it.
        socket.unshift(Buffer.from('? '));
        this.#server.emit(this.#event, socket);
        socket.resume();
      }
    });
    for (const event of ['end', 'close', 'error'])
      socket.on(event, () => {
        settle();
        socket.destroy();
      });
    socket.resume();
  }
}

function matches({ name }: Verb, bytes: Buffer): boolean {
  const letters = `${name} `;
  return letters.startsWith(bytes.toString('latin1', 0, letters.length));
}

/** The refused request from its first byte, as far as it has come; undefined when it can't start with this verb. @param before bytes before the packet */
function refusedRequest(verb: Verb, packet: Buffer, refusedAt: number, before: string): Buffer | undefined {
  const start = refusedAt - verb.accepted;
  if (start >= 0) return packet.subarray(start);
  // A chunk ended within the verb. The parser took the letters before, and they must be all there was of this request.
  return before.length === -start ? Buffer.concat([Buffer.from(before, 'latin1'), packet]) : undefined;
}
