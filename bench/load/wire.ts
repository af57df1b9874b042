/** One kept-alive connection that sends prepared bytes and finds the end of each answer, and does no more than that: it shares the cores with the server. */
import { connect, type Socket } from 'node:net';

/** Called with the status of each answer. */
export type Answered = (wire: Wire, status: number) => void;

/** A connection with at most one request under way. */
export class Wire {
  readonly #socket: Socket;
  readonly #answered: Answered;
  #head: Buffer | undefined;
  #status = 0;
  /** Bytes of the body that are still to come. */
  #missing = 0;
  /** When the request under way was due, by `performance.now()`. */
  due = 0;
  /** Index of its stream. */
  stream = 0;

  private constructor(socket: Socket, answered: Answered) {
    this.#socket = socket;
    this.#answered = answered;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** Connects. @param failed told when the connection breaks */
  static open(port: number, answered: Answered, failed: (error: Error) => void): Promise<Wire> {
    return new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      const wire = new Wire(socket, answered);
      socket.on('error', failed);
      socket.on('end', () => failed(new Error('the server closed a connection')));
      socket.once('connect', () => resolve(wire));
    });
  }

  send(request: Buffer, due: number, stream: number): void {
    this.due = due;
    this.stream = stream;
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.removeAllListeners('end');
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#missing > 0) {
      this.#missing -= chunk.length;
      if (this.#missing <= 0) this.#answered(this, this.#status);
      return;
    }
    const bytes = this.#head === undefined ? chunk : Buffer.concat([this.#head, chunk]);
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) {
      this.#head = bytes;
      return;
    }
    this.#head = undefined;
    const head = bytes.toString('latin1', 0, end);
    const at = head.search(/\r\ncontent-length:/i);
    this.#status = Number(head.slice(9, 12));
    this.#missing = (at < 0 ? 0 : Number.parseInt(head.slice(at + 17), 10)) - (bytes.length - end - 4);
    if (this.#missing <= 0) this.#answered(this, this.#status);
  }
}
