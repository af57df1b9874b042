/** What the types promise of a plugin's message, checked: what can be sent, and bytes as values. */
import type { ReplyMessage } from '../serving/messages.ts';

const rawMax = 16 * 1024 * 1024;
const headerName = /^[a-z\d-]{1,128}$/;
const hostHeaders =
  /^(?:(?:x-vault-|access-control-|sec-|proxy-).*|connection|content-(?:encoding|length|security-policy)|date|keep-alive|server|set-cookie|strict-transport-security|te|trailer|transfer-encoding|upgrade|x-content-type-options)$/;

/** Whether a header is the host's own, which says something of the host, the length of the body or the connection, or what a browser may do. @param name lower-cased */
export function isHostHeader(name: string): boolean {
  return hostHeaders.test(name);
}

/** Why a message can't be answered; undefined: it can. */
export function replyFault({ reply, writes }: ReplyMessage): string | undefined {
  const status = reply?.status ?? 200;
  if (!Number.isInteger(status) || status < 200 || status > 599) return 'the engine answered a malformed status';
  const raw: unknown = reply?.raw;
  if (raw !== undefined && !(raw instanceof Uint8Array && raw.length <= rawMax))
    return `the engine answered something that is not bytes, or more than ${rawMax}`;
  for (const [name, value] of Object.entries<unknown>(reply?.headers ?? {}))
    if (!headerName.test(name) || isHostHeader(name) || typeof value !== 'string' || !/^[\x20-\x7e]{0,8192}$/.test(value))
      return 'the engine set a header that it may not set, or to what no header can be';
  return writes.every(({ value }) => value === undefined || value instanceof Uint8Array)
    ? undefined
    : 'the engine wrote something that is not bytes';
}
