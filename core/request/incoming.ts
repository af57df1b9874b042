/** A request as plain data, without HTTP objects, and the answer to it: what the stations see of the wire. */

import type { Readable } from 'node:stream';

/** What a listener hands over. */
export interface Incoming {
  readonly method: string;
  /** As it stood in the request line. */
  readonly target: string;
  /** Lower-cased names. A header that may come once and came twice has been refused before. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Whether the connection is TLS. */
  readonly secure: boolean;
  /** Content-Length; undefined for none or chunked. */
  readonly length: number | undefined;
  /** Reads the whole body, at most `bytesMax`. @throws StrongroomError `too-large`, `timeout` */
  readBody(bytesMax: number): Buffer | Promise<Buffer>;
  /** Gives the body as it comes, whatever its size. @throws StrongroomError `invalid` when the client goes away */
  streamBody(): AsyncIterable<Uint8Array>;
}

/** What goes back. */
export interface Answer {
  readonly status: number;
  readonly body: string | Uint8Array | undefined;
  /** In place of a body: begun when it is sent, and sent as it comes; when it fails the connection ends before the answer does. */
  readonly stream?: () => Readable;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Runs once the answer has been handed to the socket. */
  readonly sent?: () => void;
}

/** A JSON answer without envelope. */
export function plainAnswer(status: number, value: unknown, headers?: Readonly<Record<string, string>>): Answer {
  return { status, body: `${JSON.stringify(value)}\n`, contentType: 'application/json', ...(headers === undefined ? {} : { headers }) };
}

/** Vault's form of an error. */
export function errorAnswer(status: number, errors: readonly string[], headers?: Readonly<Record<string, string>>): Answer {
  return plainAnswer(status, { errors }, headers);
}
