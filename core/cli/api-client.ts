/** The client side of the HTTP API: one connection a call, answers parsed without losing numbers. */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps, type RequestOptions } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parseJson, type JsonNode } from '@strongroom/sdk-plugin';
import { adviceFor, noAnswer, shownAddress } from './advice.ts';
import { ApiError } from './api-error.ts';
import type { FlagValues, clientFlags } from './flags.ts';
import { elements, member, textOf } from './json-node.ts';
import { storedToken } from './stored-token.ts';
import { UsageError, type Terminal } from './terminal.ts';

/** Where the server is and who calls. */
export interface Connection {
  /** `http:`, `https:` or `unix:` URL. */
  readonly address: string;
  readonly token: string | undefined;
  readonly namespace: string | undefined;
  /** How long answers are to be kept under a wrapping token: `60`, `1h`. */
  readonly wrapTtl: string | undefined;
  /** PEM text of the authority to trust. */
  readonly ca: string | undefined;
  readonly verifyTls: boolean;
  /** The name that the server's certificate must have, where it is not the address's. */
  readonly serverName: string | undefined;
  /** PEM texts of the certificate that is shown to the server. */
  readonly client: { readonly cert: string; readonly key: string } | undefined;
}

/** One call. */
export interface ApiCall {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/v1/`, not encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
  /** Statuses that are answers although they are 400 or more, as long as they name no error. */
  readonly accept?: readonly number[];
  /** The answer need not be JSON. */
  readonly raw?: boolean;
  /** In place of the caller's own. */
  readonly token?: string;
  /** The command goes on with the answer, so it must not come wrapped. */
  readonly plain?: boolean;
}

/** An answer that is not an error. `body`: undefined when there was none. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: JsonNode | undefined;
  /** As it came. */
  readonly text: string;
}

/** A call whose body or answer is bytes of any number. */
export interface StreamCall {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly upload?: Readable;
}

/** Its answer: bytes as they come for GET, parsed JSON otherwise. */
export interface StreamAnswer {
  readonly bytes: Readable;
  readonly parsed: JsonNode | undefined;
}

const timeoutMs = 60_000;

/** Reads flags, then the environment (`VAULT_ADDR`, `VAULT_TOKEN`, …), then `~/.vault-token`. */
export function connectionOf(flags: FlagValues<typeof clientFlags>, terminal: Terminal): Connection {
  const { env } = terminal;
  const caFile = flags['ca-cert'] ?? (env['VAULT_CACERT'] || undefined);
  const certFile = flags['client-cert'] ?? (env['VAULT_CLIENT_CERT'] || undefined);
  const keyFile = flags['client-key'] ?? (env['VAULT_CLIENT_KEY'] || undefined);
  return {
    address: flags.address ?? (env['VAULT_ADDR'] || 'https://127.0.0.1:8200'),
    token: env['VAULT_TOKEN'] || storedToken(terminal),
    namespace: flags.namespace ?? (env['VAULT_NAMESPACE'] || undefined),
    wrapTtl: flags['wrap-ttl'] ?? (env['VAULT_WRAP_TTL'] || undefined),
    ca: caFile === undefined ? undefined : readPem('CA certificate', caFile, terminal),
    serverName: flags['tls-server-name'] ?? (env['VAULT_TLS_SERVER_NAME'] || undefined),
    client: clientOf(certFile, keyFile, terminal),
    verifyTls: !(flags['tls-skip-verify'] ?? /^(1|t|true)$/i.test(env['VAULT_SKIP_VERIFY'] ?? '')),
  };
}

/**
 * Calls the server.
 * @throws ApiError for statuses of 400 and more that are not in `accept`; Error when there is no answer
 */
export async function callApi(connection: Connection, call: ApiCall): Promise<ApiAnswer> {
  const query = new URLSearchParams(call.query).toString();
  const target = `/v1/${call.path.split('/').map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
  const { status, body } = await send(connection, call, target);
  const parsed = body.trim() === '' || (call.raw && status < 400) ? undefined : parseAnswer(body);
  const errors = elements(member(parsed, 'errors')).map(textOf);
  if (status >= 400 && (!call.accept?.includes(status) || errors.length > 0)) throw refusal(connection, call, target, status, errors);
  return { status, body: parsed, text: body };
}

/**
 * Calls the server for what is too large for memory. The bytes of an answer that ends early end in an error.
 * @throws ApiError for statuses of 400 and more
 */
export async function streamApi(connection: Connection, { method, path, upload }: StreamCall): Promise<StreamAnswer> {
  const { options, secure } = endpoint(connection);
  const target = `/v1/${path}`;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = connectionHeaders(connection);
    const request = (secure ? requestHttps : requestHttp)({ ...options, path: target, method, headers, agent: false }, resolve);
    request.on('error', reject);
    if (upload === undefined) request.end();
    else pipeline(upload, request, (error) => error && reject(error));
  }).catch((error: unknown) => {
    throw noAnswer(error, connection.address);
  });
  const status = response.statusCode ?? 0;
  if (status < 400 && method === 'GET') return { bytes: response, parsed: undefined };
  const body = await text(response);
  const parsed = body.trim() === '' ? undefined : parseAnswer(body);
  if (status < 400) return { bytes: response, parsed };
  throw refusal(connection, { method, path }, target, status, elements(member(parsed, 'errors')).map(textOf));
}

/** What a query holds may be a secret: only its names are shown. */
function refusal(connection: Connection, call: ApiCall, target: string, status: number, errors: readonly string[]): ApiError {
  const at = shownAddress(connection.address) + target.replaceAll(/=[^&]*/g, '=…').replace('?list=…', '?list=true');
  const { path } = call;
  return new ApiError(
    call.method,
    at,
    status,
    errors,
    adviceFor({ path, status, errors, token: (call.token ?? connection.token) !== undefined }),
  );
}

function connectionHeaders({ token, namespace }: Connection): Record<string, string> {
  return {
    'X-Vault-Request': 'true',
    ...(token === undefined ? {} : { 'X-Vault-Token': token }),
    ...(namespace === undefined ? {} : { 'X-Vault-Namespace': namespace }),
  };
}

function clientOf(certFile: string | undefined, keyFile: string | undefined, terminal: Terminal): Connection['client'] {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined)
    throw new UsageError('a client certificate and a client key go together: one is missing');
  return { cert: readPem('client certificate', certFile, terminal), key: readPem('client key', keyFile, terminal) };
}

function readPem(what: string, path: string, terminal: Terminal): string {
  try {
    return terminal.readFile(path);
  } catch {
    throw new UsageError(`cannot read the ${what}`);
  }
}

function parseAnswer(body: string): JsonNode {
  try {
    return parseJson(body);
  } catch {
    throw new Error('the server did not answer in JSON');
  }
}

function send(connection: Connection, call: ApiCall, path: string): Promise<{ readonly status: number; readonly body: string }> {
  const { options, secure } = endpoint(connection);
  const token = call.token ?? connection.token;
  const headers = {
    ...connectionHeaders(token === undefined ? connection : { ...connection, token }),
    ...(connection.wrapTtl === undefined || call.plain === true ? {} : { 'X-Vault-Wrap-TTL': connection.wrapTtl }),
    ...(call.body === undefined
      ? {}
      : {
          'Content-Type': call.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
          'Content-Length': Buffer.byteLength(call.body),
        }),
  };
  return new Promise((resolve, reject) => {
    const request = (secure ? requestHttps : requestHttp)({ ...options, path, method: call.method, headers, agent: false }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} seconds`)));
    request.on('error', (error) => reject(noAnswer(error, connection.address)));
    request.end(call.body);
  });
}

function endpoint({ address, ca, verifyTls, client, serverName }: Connection): {
  readonly options: RequestOptions;
  readonly secure: boolean;
} {
  if (address.startsWith('unix://')) return { options: { socketPath: address.slice('unix://'.length) }, secure: false };
  const url = URL.parse(address);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new UsageError('the address must begin with http://, https:// or unix://');
  const secure = url.protocol === 'https:';
  // An IPv6 address stands in brackets in a URL, and without them in a socket's options.
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const name = serverName === undefined ? {} : { servername: serverName };
  const options = { hostname, port: url.port === '' ? (secure ? 443 : 80) : url.port };
  return {
    options: secure ? { ...options, ...name, rejectUnauthorized: verifyTls, ...(ca === undefined ? {} : { ca }), ...client } : options,
    secure,
  };
}
