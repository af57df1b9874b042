/**
 * The header that a proxy sends ahead of everything, TLS included, to say whom it speaks for:
 *
 *     version 1   PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n                     at most 107 bytes
 *     version 2   12 bytes of signature, version and command, family, length (2), addresses, and what else fits into the length
 *
 * @source https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt sections 2.1, 2.2
 */
import { isIP } from 'node:net';
import { canonicalAddress } from '../request/address-blocks.ts';

/** Whom a proxy speaks for; undefined: itself. */
export interface ProxySource {
  readonly address: string;
  readonly port: number;
}

/** A header as far as it has come: more is needed, it is none, or it is whole with so many bytes. */
export type ProxyHeader = 'more' | 'malformed' | { readonly bytes: number; readonly source: ProxySource | undefined };

const textMax = 107;
const textStart = Buffer.from('PROXY ');
const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const fixedBytes = 16;
/** Most that may follow the fixed part: addresses, and facts that proxies add. */
const restBytesMax = 2048;

/** Reads a header from the first bytes of a connection. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, signature)) return readBinary(bytes);
  return startsLike(bytes, textStart) ? readText(bytes) : 'malformed';
}

function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function readText(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, textMax).indexOf('\r\n');
  if (end < 0) return bytes.length >= textMax ? 'malformed' : 'more';
  const line = bytes.toString('latin1', 0, end);
  const whole = end + 2;
  if (/^PROXY UNKNOWN( |$)/.test(line)) return { bytes: whole, source: undefined };
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = ''] =
    /^PROXY (TCP4|TCP6) ([0-9a-fA-F:.]+) ([0-9a-fA-F:.]+) (\d{1,5}) (\d{1,5})$/.exec(line) ?? [];
  const expected = family === 'TCP4' ? 4 : 6;
  if (family === undefined || isIP(source) !== expected || isIP(destination) !== expected) return 'malformed';
  if (Number(sourcePort) > 65_535 || Number(destinationPort) > 65_535) return 'malformed';
  return { bytes: whole, source: { address: canonicalAddress(source) ?? source, port: Number(sourcePort) } };
}

function readBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < fixedBytes) return 'more';
  const versionAndCommand = bytes[12]!;
  const family = bytes[13]! >> 4;
  const rest = bytes.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2 || (versionAndCommand & 15) > 1 || rest > restBytesMax) return 'malformed';
  if (bytes.length < fixedBytes + rest) return 'more';
  const whole = fixedBytes + rest;
  // LOCAL: the proxy asks for itself, to see whether the server is there.
  if ((versionAndCommand & 15) === 0) return { bytes: whole, source: undefined };
  const body = bytes.subarray(fixedBytes, whole);
  if (family === 1)
    return body.length < 12
      ? 'malformed'
      : { bytes: whole, source: { address: [...body.subarray(0, 4)].join('.'), port: body.readUInt16BE(8) } };
  if (family === 2)
    return body.length < 36
      ? 'malformed'
      : { bytes: whole, source: { address: canonicalAddress(text6(body)) ?? '', port: body.readUInt16BE(32) } };
  // Neither IPv4 nor IPv6: there is no address to take over.
  return { bytes: whole, source: undefined };
}

/** An IPv6 address from its 16 bytes. */
function text6(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(':');
}
