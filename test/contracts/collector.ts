/** A real HTTP collector of lines, which fails as a test wants. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A started collector. */
export class Collector {
  text = '';
  /** What the next request meets: it is refused, or its connection ends after so many bytes were kept. */
  next: 'works' | 'refuses' | { readonly keeps: number } = 'works';
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  static async start(): Promise<Collector> {
    const collector = new Collector();
    await new Promise<void>((resolve) => collector.#server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/lines`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const lines = Buffer.concat(chunks).toString();
    const met = this.next;
    this.next = 'works';
    if (met === 'refuses') return void response.writeHead(503).end();
    if (typeof met === 'object') {
      // What arrived in part is ended as a line of its own.
      this.text += met.keeps === 0 ? '' : `${lines.slice(0, met.keeps)}\n`;
      return void request.socket.destroy();
    }
    this.text += lines;
    return void response.writeHead(204).end();
  }
}
