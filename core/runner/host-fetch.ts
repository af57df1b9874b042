/**
 * HTTP for plugins: only to the hosts that the mount's config names, and only to addresses that the name may stand for. The address that was
 * checked is the one that is connected to. Redirects are not followed: a plugin that wants to follow one asks again, and is checked again.
 */
import { lookup as resolve, type LookupAddress } from 'node:dns';
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { OutsideRequest, OutsideResponse } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';

/** Bounds of one request. */
export interface FetchLimits {
  readonly deadlineMs: number;
  readonly requestBytesMax: number;
  readonly responseBytesMax: number;
}

/** The defaults. */
export const fetchLimits: FetchLimits = { deadlineMs: 20_000, requestBytesMax: 8_388_608, responseBytesMax: 8_388_608 };

const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']);
/** Headers that say how the message is framed or where it goes: those are the host's. */
const framing: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'expect',
  'te',
  'trailer',
]);

const local = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
] as const)
  local.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 127],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  local.addSubnet(net, bits, 'ipv6');

/** An origin that a mount may reach. */
interface Origin {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
}

/**
 * Reads an entry of a mount's `hosts`: `api.example.com`, `api.example.com:8443` (both https), or `http://localhost:9000`.
 * @throws StrongroomError `invalid`
 */
export function parseAllowedHost(text: string): Origin {
  const match = /^(?:(https?):\/\/)?(\[[0-9a-f:.]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?$/i.exec(text);
  const [, scheme = 'https', host = '', port] = match ?? [];
  const number = Number(port ?? (scheme.toLowerCase() === 'http' ? 80 : 443));
  if (match === null || number < 1 || number > 65_535)
    throw new StrongroomError(
      'invalid',
      `field hosts: ${JSON.stringify(text.slice(0, 256))}: expected host, host:port or http://host:port`,
    );
  return { secure: scheme.toLowerCase() === 'https', host: bare(host), port: number };
}

function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}

/** Sends the requests of one mount's plugin. */
export class HostFetch {
  readonly #allowed: readonly Origin[];
  readonly #limits: FetchLimits;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  /** @param hosts see `parseAllowedHost` @throws StrongroomError `invalid` for a malformed one */
  constructor(hosts: readonly string[], limits: FetchLimits = fetchLimits) {
    this.#allowed = hosts.map(parseAllowedHost);
    this.#limits = limits;
    this.#http = new HttpAgent({ keepAlive: true, maxSockets: 64 });
    this.#https = new HttpsAgent({ keepAlive: true, maxSockets: 64, minVersion: 'TLSv1.2' });
  }

  /** Sends one request. @throws StrongroomError `invalid` for what is not allowed, `upstream` when there is no usable answer */
  async send(wanted: OutsideRequest): Promise<OutsideResponse> {
    const { method, headers = {}, body } = wanted;
    const url = parseUrl(wanted.url);
    const { hostname, port, protocol } = url;
    const secure = protocol === 'https:';
    const origin = { secure, host: bare(hostname), port: Number(port === '' ? (secure ? 443 : 80) : port) };
    if (!this.#allowed.some((one) => one.secure === secure && one.host === origin.host && one.port === origin.port))
      throw new StrongroomError('invalid', `the mount's config does not allow ${protocol}//${origin.host}:${origin.port} (field hosts)`);
    if (!methods.has(method)) throw new StrongroomError('invalid', 'field method: expected one of GET, POST, PUT, PATCH, DELETE and HEAD');
    if (body !== undefined && !(body instanceof Uint8Array)) throw new StrongroomError('invalid', 'field body: expected bytes');
    if (body !== undefined && body.length > this.#limits.requestBytesMax)
      throw new StrongroomError('invalid', `field body: at most ${this.#limits.requestBytesMax} bytes`);
    for (const name of Object.keys(headers))
      if (framing.has(name.toLowerCase())) throw new StrongroomError('invalid', `field headers: ${name.slice(0, 64)} is the host's`);
    // Whoever names an address or localhost in the config means it.
    const named = isIP(origin.host) !== 0 || origin.host === 'localhost';
    return this.#exchange(url, secure, { method, headers, body }, named);
  }

  /** Ends idle connections. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #exchange(
    url: URL,
    secure: boolean,
    {
      method,
      headers,
      body,
    }: { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array | undefined },
    named: boolean,
  ): Promise<OutsideResponse> {
    const { deadlineMs, responseBytesMax } = this.#limits;
    return new Promise((done, fail) => {
      const refuse = (what: string): void => fail(new StrongroomError('upstream', `${url.protocol}//${url.host} ${what}`));
      const options = {
        method,
        headers: { ...headers, 'content-length': String(body?.length ?? 0) },
        agent: secure ? this.#https : this.#http,
        lookup: named ? resolve : lookupRemote,
        signal: AbortSignal.timeout(deadlineMs),
        insecureHTTPParser: false,
      };
      const request = (secure ? httpsRequest : httpRequest)(url, options, (response: IncomingMessage) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > responseBytesMax) {
            refuse(`answered more than ${responseBytesMax} bytes`);
            request.destroy();
          } else chunks.push(chunk);
        });
        response.on('end', () => done({ status: response.statusCode ?? 0, headers: joined(response), body: Buffer.concat(chunks) }));
        response.on('error', () => refuse('broke off its answer'));
      });
      // The cause may carry parts of the request.
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (error.name === 'AbortError' || error.name === 'TimeoutError') refuse(`did not answer within ${deadlineMs} ms`);
        else refuse(`can't be reached (${error.code ?? 'unknown error'})`);
      });
      request.end(body);
    });
  }
}

function parseUrl(text: string): URL {
  // `new URL` quotes its input in its error; here nothing of it may go further.
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '')
    throw new StrongroomError('invalid', 'field url: expected https://host[:port]/path without credentials');
  return url;
}

function joined({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

/** A name may stand for addresses of other machines only. */
const lookupRemote: LookupFunction = (host, options, done) => {
  resolve(host, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error !== null) return done(error, '', 0);
    const remote = addresses.filter(({ address, family }) => !isLocal(address, family));
    const [first] = remote;
    if (first === undefined) return done(Object.assign(new Error('a local address'), { code: 'ELOCALADDRESS' }), '', 0);
    return options.all === true ? done(null, remote) : done(null, first.address, first.family);
  });
};

/** Whether an address is loopback, link-local, multicast or unspecified, in any spelling. */
export function isLocal(address: string, family: number): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped === undefined ? local.check(address, family === 6 ? 'ipv6' : 'ipv4') : local.check(mapped, 'ipv4');
}
