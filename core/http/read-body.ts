/** Reads the body of a request within its bound. */
import type { IncomingMessage } from 'node:http';
import { StrongroomError } from '../errors.ts';
import type { HeldBody } from './held-bodies.ts';

/** The body of a request without one. */
export const noBody: Buffer = Buffer.alloc(0);

/** Whether the head announces a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/**
 * The whole body.
 * @param held counts it while it grows
 * @throws StrongroomError `too-large` over `bytesMax`, `unavailable` when all bodies together are too much, `invalid` when the client goes
 * away or the framing is broken
 */
export function readBody(request: IncomingMessage, bytesMax: number, held: HeldBody): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let refused = false;
    request.on('data', (chunk: Buffer) => {
      if (refused) return;
      bytes += chunk.length;
      const fits = bytes <= bytesMax;
      if (fits && held.grow(bytes)) {
        chunks.push(chunk);
        return;
      }
      refused = true;
      chunks.length = 0;
      held.release();
      request.pause();
      reject(
        fits
          ? new StrongroomError('unavailable', 'request body: too many large bodies are being sent at once; try again')
          : new StrongroomError('too-large', `request body: larger than ${bytesMax} bytes`),
      );
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes)));
    request.on('error', () => reject(new StrongroomError('invalid', 'request body: the connection broke or its framing is malformed')));
    request.on('close', () => {
      // Also comes after the end, and an error object costs more than this question.
      if (!request.readableEnded) reject(new StrongroomError('invalid', 'request body: the connection was closed'));
    });
  });
}
