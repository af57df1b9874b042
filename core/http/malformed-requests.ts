/** Requests that two readers could take for different ones, each with another request behind it that must not be run. */

/** What is sent, and by whom. */
export interface MalformedOptions {
  /** Target of a POST that is served when it is well-formed. */
  readonly target: string;
  /** Header lines that the POST needs besides, each with its end. */
  readonly headers?: string;
  /** The whole request that follows. */
  readonly smuggled: string;
}

/** Names and bytes, one character a byte. */
export function malformedRequests({ target, headers: besides = '', smuggled }: MalformedOptions): readonly (readonly [string, string])[] {
  const post = (headers: string, body: string): string => `POST ${target} HTTP/1.1\r\nHost: x\r\n${besides}${headers}\r\n\r\n${body}`;
  return [
    ['Content-Length beside chunked', post('Content-Length: 4\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`)],
    ['chunked beside Content-Length', post('Transfer-Encoding: chunked\r\nContent-Length: 4', `0\r\n\r\n${smuggled}`)],
    ['two Content-Lengths that differ', post('Content-Length: 0\r\nContent-Length: 4', smuggled)],
    ['two Content-Lengths that agree', post('Content-Length: 2\r\nContent-Length: 2', `{}${smuggled}`)],
    ['a list of Content-Lengths', post('Content-Length: 2, 2', `{}${smuggled}`)],
    ['a Content-Length with a sign', post('Content-Length: +2', `{}${smuggled}`)],
    ['a negative Content-Length', post('Content-Length: -1', smuggled)],
    ['a Content-Length that is no number', post('Content-Length: 0x2', `{}${smuggled}`)],
    ['a huge Content-Length', post('Content-Length: 99999999999999999999999', smuggled)],
    ['a space before the colon', post('Content-Length : 2', `{}${smuggled}`)],
    ['a folded Transfer-Encoding', post('Transfer-Encoding:\r\n chunked', `0\r\n\r\n${smuggled}`)],
    ['a folded header', post('X-A: 1\r\n Content-Length: 5', smuggled)],
    ['two Transfer-Encodings', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`)],
    ['another coding before chunked', post('Transfer-Encoding: gzip, chunked', `0\r\n\r\n${smuggled}`)],
    ['identity after chunked', post('Transfer-Encoding: chunked, identity', `0\r\n\r\n${smuggled}`)],
    ['an unknown coding', post('Transfer-Encoding: xchunked', smuggled)],
    ['a vertical tab in the coding', post('Transfer-Encoding: \x0bchunked', `0\r\n\r\n${smuggled}`)],
    ['a chunk size that is no number', post('Transfer-Encoding: chunked', `zz\r\n{}\r\n0\r\n\r\n${smuggled}`)],
    ['a negative chunk size', post('Transfer-Encoding: chunked', `-2\r\n{}\r\n0\r\n\r\n${smuggled}`)],
    ['a huge chunk size', post('Transfer-Encoding: chunked', `fffffffffffffffff\r\n{}\r\n0\r\n\r\n${smuggled}`)],
    ['a chunk size in 0x form', post('Transfer-Encoding: chunked', `0x2\r\n{}\r\n0\r\n\r\n${smuggled}`)],
    ['a chunk longer than its size', post('Transfer-Encoding: chunked', `1\r\n{}\r\n0\r\n\r\n${smuggled}`)],
    ['a chunk with bare line feeds', post('Transfer-Encoding: chunked', `2\n{}\n0\n\n${smuggled}`)],
    ['a bare line feed between headers', `POST ${target} HTTP/1.1\nHost: x\nContent-Length: 2\n\n{}${smuggled}`],
    ['a bare carriage return in a header', post('X-A: 1\rContent-Length: 5', smuggled)],
    ['a NUL in a header', post('X-A: a\0b', smuggled)],
    ['a header without a name', post(': x', smuggled)],
    ['a header without a colon', post('nonsense', smuggled)],
    ['no Host', `GET ${target} HTTP/1.1\r\n\r\n${smuggled}`],
    ['two Hosts', `GET ${target} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${smuggled}`],
    ['an unknown protocol', `GET ${target} HTTP/9.9\r\nHost: a\r\n\r\n${smuggled}`],
    ['HTTP/2 without having been asked', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    [
      'a LIST with Content-Length beside chunked',
      `LIST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    ['a LIST with two Content-Lengths', `LIST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n${smuggled}`],
    ['a SCAN without Host', `SCAN ${target} HTTP/1.1\r\n\r\n${smuggled}`],
    ['an absolute target of another host', `GET http://evil.example${target} HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n${smuggled}`],
    ['a Content-Length of another script', post('Content-Length: \xb2', `{}${smuggled}`)],
    ['an empty Content-Length', post('Content-Length: ', smuggled)],
    ['a chunk size with an underscore', post('Transfer-Encoding: chunked', `1_0\r\n{}\r\n0\r\n\r\n${smuggled}`)],
    ['a chunk size with spaces before', post('Transfer-Encoding: chunked', ` 2\r\n{}\r\n0\r\n\r\n${smuggled}`)],
    ['a chunk extension with a bare line feed', post('Transfer-Encoding: chunked', `2;a\n{}\r\n0\r\n\r\n${smuggled}`)],
    ['a line feed in the target', `GET ${target}\n HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`],
    ['a space in the target', `GET ${target} HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`],
  ];
}
