/** Addresses and blocks of them, as tokens and logins are bound to. */
import { isIP } from 'node:net';

/** A block with its bits (`10.0.0.1/32`), of an address or a CIDR block; undefined for other text. */
export function normalCidr(text: string): string | undefined {
  const [net = '', bits, ...more] = text.split('/');
  const family = isIP(net);
  const width = family === 6 ? 128 : 32;
  if (family === 0 || more.length > 0 || (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > width))) return undefined;
  return bits === undefined ? `${net}/${width}` : text;
}
