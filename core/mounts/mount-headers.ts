/** Headers that a mount lets through to its plugin, and from it. */
import { replyHeaders } from '@strongroom/sdk-plugin';
import { isHostHeader } from '@strongroom/sdk-plugin/hosting';
import { StrongroomError } from '../errors.ts';
import type { MountConfig } from './mount-table.ts';

/** Headers as a request has them, by lower-cased name. */
type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Longest name of a header that a setting may name. */
export const headerNameMax = 128;
const namesMax = 100;
const headerName = new RegExp(`^[a-z0-9!#$%&'*+.^_\`|~-]{1,${headerNameMax}}$`, 'i');
const always: ReadonlySet<string> = new Set(replyHeaders);

/** Whether a text can be the name of a header, in any case. */
export function isHeaderName(name: string): boolean {
  return headerName.test(name);
}

/** Refuses names that can't be let through. @throws StrongroomError `invalid` naming the field */
export function checkMountHeaders({ passthroughRequestHeaders, allowedResponseHeaders }: MountConfig): void {
  check('passthrough_request_headers', passthroughRequestHeaders, (name) => name === 'x-vault-token');
  check('allowed_response_headers', allowedResponseHeaders, isHostHeader);
}

function check(field: string, names: readonly string[], isRefused: (name: string) => boolean): void {
  if (names.length > namesMax) throw new StrongroomError('invalid', `field ${field}: at most ${namesMax} names`);
  for (const name of names) {
    if (!isHeaderName(name))
      throw new StrongroomError('invalid', `field ${field}: a name of a header has 1 to ${headerNameMax} letters, digits and -`);
    if (isRefused(name.toLowerCase())) throw new StrongroomError('invalid', `field ${field}: ${name} can not be let through`);
  }
}

/** What a plugin sees of a request's headers. @param token of the request: the header that holds it is not let through */
export function passedHeaders(
  { passthroughRequestHeaders }: MountConfig,
  headers: RequestHeaders,
  token: string | undefined,
): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const named of passthroughRequestHeaders) {
    const name = named.toLowerCase();
    const value = headers[name];
    if (value === undefined || (name === 'authorization' && token !== undefined && token !== headers['x-vault-token'])) continue;
    passed[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return passed;
}

/** Headers of a reply without those that the mount doesn't let through. */
export function allowedHeaders(
  { allowedResponseHeaders }: MountConfig,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const allowed = new Set(allowedResponseHeaders.map((name) => name.toLowerCase()));
  return Object.fromEntries(Object.entries(headers).filter(([name]) => always.has(name) || allowed.has(name)));
}
