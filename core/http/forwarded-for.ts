/** Whom X-Forwarded-For is believed from, and which of its addresses is the client's. */
import { addressTest, canonicalAddress } from '../request/address-blocks.ts';

/** What a listener believes. */
export interface ForwardedForOptions {
  /** Blocks of the proxies, with their bits. */
  readonly authorizedAddrs: readonly string[];
  /** How many addresses at the end are other proxies' of ours. */
  readonly hopSkips: number;
  readonly rejectNotPresent: boolean;
  readonly rejectNotAuthorized: boolean;
}

/** The client, or why it is refused. */
export type Client = { readonly address: string } | { readonly refusal: string };

/** Makes the reader of the header. */
export function forwardedFor(options: ForwardedForOptions): (peer: string, header: string | readonly string[] | undefined) => Client {
  const { authorizedAddrs, hopSkips, rejectNotPresent, rejectNotAuthorized } = options;
  const isProxy = addressTest(authorizedAddrs);
  return (peer, header) => {
    if (!isProxy(peer)) {
      return rejectNotAuthorized
        ? { refusal: 'client address not authorized for x-forwarded-for and configured to reject connection' }
        : { address: peer };
    }
    const text = header === undefined || typeof header === 'string' ? header : header.join(',');
    if (text === undefined || text.trim() === '') {
      return rejectNotPresent ? { refusal: 'missing x-forwarded-for header and configured to reject when not present' } : { address: peer };
    }
    const chain = text.split(',').map((item) => item.trim());
    const item = chain[chain.length - 1 - hopSkips];
    if (item === undefined)
      return {
        refusal: `malformed x-forwarded-for configuration or request, hops to skip (${hopSkips}) would skip before earliest chain link (chain length ${chain.length})`,
      };
    const address = canonicalAddress(withoutPort(item));
    return address === undefined ? { refusal: 'header X-Forwarded-For: the address of the client is malformed' } : { address };
  };
}

/** Some proxies add the port: `192.0.2.1:1234`, `[2001:db8::1]:1234`. */
function withoutPort(item: string): string {
  return /^\[([0-9a-fA-F:.]+)\](?::\d{1,5})?$/.exec(item)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(item)?.[1] ?? item;
}
