/** The header of the PROXY protocol, and X-Forwarded-For: whom they speak for, and what is none. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forwardedFor } from './forwarded-for.ts';
import { readProxyHeader } from './proxy-header.ts';

const signature = '0d0a0d0a000d0a515549540a';
const v2 = (hex: string): Buffer => Buffer.from(signature + hex.replaceAll(' ', ''), 'hex');
const v1 = (line: string): Buffer => Buffer.from(`${line}\r\n`);

describe('a header', () => {
  test.each([
    ['v1 IPv4', v1('PROXY TCP4 192.0.2.1 198.51.100.7 56324 443'), '192.0.2.1', 56324],
    ['v1 IPv6', v1('PROXY TCP6 2001:DB8:0::1 ::1 1 2'), '2001:db8::1', 1],
    ['v1 IPv4 as IPv6', v1('PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2'), '192.0.2.1', 1],
    ['v2 IPv4', v2('21 11 000c c0000201 c6336407 dc04 01bb'), '192.0.2.1', 56324],
    ['v2 IPv4 with more', v2('21 11 0010 c0000201 c6336407 dc04 01bb 04000100'), '192.0.2.1', 56324],
    ['v2 IPv6', v2(`21 21 0024 20010db8000000000000000000000001 ${'00'.repeat(16)} dc04 01bb`), '2001:db8::1', 56324],
    ['v2 IPv4 as IPv6', v2(`21 21 0024 00000000000000000000ffffc0000201 ${'00'.repeat(16)} dc04 01bb`), '192.0.2.1', 56324],
  ])('%s tells the client', (_, bytes, address, port) => {
    const whole = Buffer.concat([bytes, Buffer.from('GET / HTTP/1.1\r\n')]);
    expect(readProxyHeader(whole)).toEqual({ bytes: bytes.length, source: { address, port } });
    for (let cut = 0; cut < bytes.length; cut++) expect(readProxyHeader(whole.subarray(0, cut))).toBe('more');
  });

  test.each([
    ['v1 unknown', v1('PROXY UNKNOWN')],
    ['v1 unknown with text', v1('PROXY UNKNOWN ffff:f::ffff ffff::1 65535 65535')],
    ['v2 local', v2('20 00 0000')],
    ['v2 local with addresses', v2('20 11 000c c0000201 c6336407 dc04 01bb')],
    ['v2 unspecified', v2('21 00 0000')],
    ['v2 Unix', v2(`21 31 00d8 ${'61'.repeat(216)}`)],
  ])('%s speaks for the proxy itself', (_, bytes) => {
    expect(readProxyHeader(bytes)).toEqual({ bytes: bytes.length, source: undefined });
  });

  test.each([
    ['a request', Buffer.from('GET / HTTP/1.1\r\n')],
    ['TLS', Buffer.from('16030100', 'hex')],
    ['lower case', v1('proxy TCP4 192.0.2.1 198.51.100.7 56324 443')],
    ['another family', v1('PROXY TCP5 192.0.2.1 198.51.100.7 56324 443')],
    ['IPv6 as TCP4', v1('PROXY TCP4 ::1 ::1 1 2')],
    ['IPv4 as TCP6', v1('PROXY TCP6 192.0.2.1 198.51.100.7 1 2')],
    ['no port', v1('PROXY TCP4 192.0.2.1 198.51.100.7 1')],
    ['a port too large', v1('PROXY TCP4 192.0.2.1 198.51.100.7 65536 443')],
    ['a zone', v1('PROXY TCP6 fe80::1%eth0 ::1 1 2')],
    ['two blanks', v1('PROXY TCP4  192.0.2.1 198.51.100.7 1 2')],
    ['a line without end', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(107)}`)],
    ['version 3', v2('31 11 000c c0000201 c6336407 dc04 01bb')],
    ['an unknown command', v2('22 11 000c c0000201 c6336407 dc04 01bb')],
    ['addresses too short', v2('21 11 000b c0000201 c6336407 dc04 01')],
    ['IPv6 addresses too short', v2('21 21 000c c0000201 c6336407 dc04 01bb')],
    ['a length beyond the bound', v2('21 11 ffff')],
  ])('%s is none', (_, bytes) => {
    expect(readProxyHeader(bytes)).toBe('malformed');
  });

  test('is read or refused whatever the bytes are, never beyond them', () => {
    const starts = [Buffer.from('PROXY '), Buffer.from('PROXY TCP4 '), Buffer.from(signature, 'hex'), v2('21 11')];
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 300 }), (start, tail) => {
        const bytes = Buffer.concat([start, tail]);
        const header = readProxyHeader(bytes);
        expect(typeof header === 'string' || header.bytes <= bytes.length).toBe(true);
      }),
    );
  });
});

describe('X-Forwarded-For', () => {
  const options = { authorizedAddrs: ['10.0.0.0/8', '::1/128'], hopSkips: 0, rejectNotPresent: true, rejectNotAuthorized: true };

  test.each([
    ['10.1.2.3', '192.0.2.1', 0, '192.0.2.1'],
    ['::ffff:10.1.2.3', '192.0.2.1', 0, '192.0.2.1'],
    ['::1', '203.0.113.9, 192.0.2.1', 0, '192.0.2.1'],
    ['10.1.2.3', '203.0.113.9,192.0.2.1 , 10.9.9.9', 1, '192.0.2.1'],
    ['10.1.2.3', '192.0.2.1:4711', 0, '192.0.2.1'],
    ['10.1.2.3', '[2001:DB8::0:1]:4711', 0, '2001:db8::1'],
    ['10.1.2.3', '::ffff:192.0.2.1', 0, '192.0.2.1'],
  ])('from %s, %s with %i skipped, speaks for %s', (peer, header, hopSkips, address) => {
    expect(forwardedFor({ ...options, hopSkips })(peer, header)).toEqual({ address });
  });

  test.each([
    ['192.0.2.7', '192.0.2.1', 'not authorized'],
    ['', '192.0.2.1', 'not authorized'],
    ['10.1.2.3', undefined, 'missing'],
    ['10.1.2.3', ' ', 'missing'],
    ['10.1.2.3', 'somebody', 'malformed'],
    ['10.1.2.3', '192.0.2.1,', 'malformed'],
    ['10.1.2.3', 'fe80::1%eth0', 'malformed'],
  ])('from %s, %j, is refused', (peer, header, text) => {
    expect(forwardedFor(options)(peer, header)).toEqual({ refusal: expect.stringContaining(text) });
  });

  test('with fewer addresses than are to be skipped is refused', () => {
    expect(forwardedFor({ ...options, hopSkips: 2 })('::1', '192.0.2.1, 192.0.2.2')).toEqual({
      refusal: expect.stringContaining('hops to skip (2)'),
    });
  });

  test('that is not believed, or missing, leaves the address of the connection where it is not to be refused', () => {
    const lenient = forwardedFor({ ...options, rejectNotPresent: false, rejectNotAuthorized: false });
    expect(lenient('192.0.2.7', '198.51.100.1')).toEqual({ address: '192.0.2.7' });
    expect(lenient('10.1.2.3', undefined)).toEqual({ address: '10.1.2.3' });
  });
});
