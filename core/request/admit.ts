/** Station 2: what can be refused before a byte of the body is read. */
import { StrongroomError } from '../errors.ts';
import type { Head } from './head.ts';
import type { Host } from './host.ts';
import { type Answer, errorAnswer } from './incoming.ts';

/**
 * Refuses a request over its rate, with a namespace that does not exist, over its size, or while sealed.
 * @param always the route works while sealed
 * @param uploads its body may be of any size: it is not read before the request is allowed
 */
export function admit(host: Host, head: Head, always: boolean, uploads: boolean): Answer | undefined {
  const { incoming } = head;
  if (!always) {
    const wait = host.rate.take(incoming.remoteAddress, performance.now());
    if (wait > 0) return errorAnswer(429, ['request rate limit exceeded for this address'], { 'Retry-After': String(wait) });
  }
  const namespace = incoming.headers['x-vault-namespace'];
  if (typeof namespace === 'string' && !/^(root)?\/?$/.test(namespace)) {
    throw new StrongroomError('missing', 'header X-Vault-Namespace: there is only the root namespace');
  }
  if (!uploads && incoming.length !== undefined && incoming.length > host.limits.bodyBytesMax) {
    throw new StrongroomError('too-large', `request body: larger than ${host.limits.bodyBytesMax} bytes`);
  }
  if (!always && host.unsealed === undefined) return errorAnswer(503, ['Vault is sealed'], { 'Retry-After': '1' });
  return undefined;
}
