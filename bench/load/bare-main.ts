/** A bare `node:http` server: reads each request to its end and gives the one answer that it was told. What every ratio is measured against. */
import { createServer } from 'node:http';
import type { BareAnswer } from './bare-server.ts';

let answer: { readonly status: number; readonly headers: readonly string[]; readonly body: Buffer } = {
  status: 204,
  headers: [],
  body: Buffer.alloc(0),
};

const server = createServer({ noDelay: true, keepAliveTimeout: 75_000 }, (request, response) => {
  request.on('end', () => {
    response.writeHead(answer.status, [...answer.headers]);
    response.end(answer.body);
  });
  request.resume();
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});
process.on('message', ({ status, headers, body }: BareAnswer) => {
  answer = { status, headers: headers.flat(), body: Buffer.from(body, 'latin1') };
  process.send?.({});
});
