/** Backup and restore over HTTP: bodies of bytes, which the raw client does not send or read. */
import { request, type IncomingMessage } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Observer, RawAnswer } from './client.ts';

/** Where to send, as whom, and who is told of the answer. */
export interface BackupTarget {
  readonly port: number;
  readonly token: string | undefined;
  readonly onAnswer?: Observer;
}

const path = 'sys/storage/raft/snapshot';

function headersOf({ token }: BackupTarget): Record<string, string> {
  return token === undefined ? {} : { 'X-Vault-Token': token };
}

async function answerOf(response: IncomingMessage): Promise<RawAnswer & { readonly bytes: Buffer }> {
  const bytes = await buffer(response);
  const text = bytes.toString('latin1');
  const headers = response.headers as Record<string, string>;
  return { status: response.statusCode ?? 0, headers, text, bytes, json: text.startsWith('{') ? (JSON.parse(text) as unknown) : null };
}

/** Takes a backup. Rejects when it is cut short. */
export async function takeBackup(target: BackupTarget): Promise<RawAnswer & { readonly bytes: Buffer }> {
  const sent = request({ port: target.port, path: `/v1/${path}`, headers: headersOf(target), agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => sent.once('response', resolve).once('error', reject).end());
  const answer = await answerOf(response);
  target.onAnswer?.({ method: 'GET', path, token: target.token }, answer);
  return answer;
}

/** Restores one. */
export async function restoreBackup(
  target: BackupTarget,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  { force = false, method = 'POST' }: { readonly force?: boolean; readonly method?: 'POST' | 'PUT' } = {},
): Promise<RawAnswer> {
  const to = force ? `${path}-force` : path;
  const sent = request({ port: target.port, path: `/v1/${to}`, method, headers: headersOf(target), agent: false });
  const answered = new Promise<IncomingMessage>((resolve, reject) => sent.once('response', resolve).once('error', reject));
  // An upload that breaks off ends the connection.
  pipeline(Readable.from(body instanceof Uint8Array ? [body] : body), sent, () => {});
  const answer = await answerOf(await answered);
  target.onAnswer?.({ method, path: to, token: target.token }, answer);
  return answer;
}
