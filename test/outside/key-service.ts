/** A real HTTP service that makes and removes keys, as slowly and as badly as a test wants. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to the next request of a method. */
export type Behaviour = 'works' | 'fails-before' | 'fails-after' | 'hangs-after' | 'answers-nonsense' | 'redirects';

type Method = 'PUT' | 'GET' | 'PATCH' | 'DELETE';

/** Where a request may be held: before anything came of it, and before its answer. */
export type Moment = `${Method} ${'has come' | 'is done'}`;

/** A started service. */
export class KeyService {
  readonly keys: Map<string, { readonly role: string }> = new Map();
  /** Every request, in order: `PUT name`. */
  readonly asked: string[] = [];
  /** Names and seconds of what was kept longer. */
  readonly extended: (readonly [name: string, seconds: number])[] = [];
  puts: Behaviour = 'works';
  gets: Behaviour = 'works';
  patches: Behaviour = 'works';
  deletes: Behaviour = 'works';
  /** Awaited at every moment of every request. */
  gate: (moment: Moment, name: string) => Promise<void> = () => Promise.resolve();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<KeyService> {
    const service = new KeyService();
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = (request.url ?? '').replace('/keys/', '');
    // Nothing else is sent here.
    const method = request.method as Method;
    this.asked.push(`${method} ${name}`);
    const body = await bodyOf(request);
    // Broken off by a client that was killed.
    if (body === undefined) return undefined;
    const behaviour = { PUT: this.puts, GET: this.gets, PATCH: this.patches, DELETE: this.deletes }[method];
    const end = (status: number, answer: string, headers: Record<string, string> = {}): void =>
      void response.writeHead(status, headers).end(answer);
    if (request.headers.authorization !== 'Bearer service-token') return end(401, '{}');
    await this.gate(`${method} has come`, name);
    if (behaviour === 'fails-before') return end(500, '{}');
    if (behaviour === 'redirects') return end(302, '', { location: 'http://127.0.0.1:1/elsewhere' });
    if (method === 'PUT') this.keys.set(name, { role: (JSON.parse(body) as { role: string }).role });
    else if (method === 'PATCH') this.extended.push([name, (JSON.parse(body) as { seconds: number }).seconds]);
    else if (method === 'DELETE') this.keys.delete(name);
    else if (!this.keys.has(name)) return end(404, '{}');
    await this.gate(`${method} is done`, name);
    if (behaviour === 'fails-after') return end(500, '{}');
    if (behaviour === 'answers-nonsense') return end(200, '{"nothing":1}');
    if (behaviour === 'works') end(200, JSON.stringify({ secret: `secret-of-${name}` }));
    return undefined;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  let body = '';
  try {
    for await (const chunk of request) body += String(chunk);
    return body;
  } catch {
    return undefined;
  }
}
