/** Reads the body of a request within its bound. */
import type { IncomingMessage } from 'node:http';
import { StrongroomError } from '../errors.ts';

const nothing = Buffer.alloc(0);

/** Whether the head announces a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** The whole body. @throws StrongroomError `too-large` over `bytesMax`, `invalid` when the client goes away or the framing is broken */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  if (!hasBody(request)) return Promise.resolve(nothing);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) {
        chunks.push(chunk);
        return;
      }
      request.pause();
      reject(new StrongroomError('too-large', `request body: larger than ${bytesMax} bytes`));
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes)));
    request.on('error', () => reject(new StrongroomError('invalid', 'request body: the connection broke or its framing is malformed')));
    request.on('close', () => {
      // Also comes after the end, and an error object costs more than this question.
      if (!request.readableEnded) reject(new StrongroomError('invalid', 'request body: the connection was closed'));
    });
  });
}
