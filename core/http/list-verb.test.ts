/** LIST and SCAN, which the parser refuses: at every chunk boundary, between other requests, and never taken for one inside a body. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type EchoListener, startEcho } from './testing.ts';

function certificate(): { key: Buffer; cert: Buffer } {
  const directory = mkdtempSync(join(tmpdir(), 'list-verb-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', key, '-out', cert, ...subject],
    {
      stdio: 'ignore',
    },
  );
  const made = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(directory, { recursive: true });
  return made;
}

const head = (method: string, target: string): string => `${method} ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;
const post = (body: string): string => `POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe.each(['plain', 'TLS'] as const)('%s', (transport) => {
  let echo: EchoListener;
  beforeAll(async () => {
    echo = await startEcho(transport === 'plain' ? {} : { tls: certificate() });
  });
  afterAll(() => echo.close());
  beforeEach(() => void (echo.reached.length = 0));

  test.each(['LIST', 'SCAN'])('%s is understood wherever the chunk that brings it is cut', async (verb) => {
    const request = head(verb, '/v1/secret/metadata');
    for (let cut = 1; cut < request.length; cut++) {
      const raw = await echo.open();
      await raw.write(request.slice(0, cut), request.slice(cut));
      await raw.answers(1);
      expect([cut, raw.statuses]).toEqual([cut, [200]]);
      raw.socket.destroy();
    }
    expect(new Set(echo.reached.map(({ method, target }) => `${method} ${target}`))).toEqual(new Set([`${verb} /v1/secret/metadata`]));
  });

  test('LIST and SCAN stand between other requests of a connection that is kept alive', async () => {
    const raw = await echo.open();
    const methods = ['GET', 'LIST', 'LIST', 'DELETE', 'SCAN', 'GET', 'SCAN', 'LIST', 'GET'];
    for (const [index, method] of methods.entries()) {
      await raw.write(head(method, `/${index}`));
      await raw.answers(index + 1);
    }
    expect(echo.reached.map(({ method }) => method)).toEqual(methods);
    for (const cut of [1, 2, 3, 4, 5]) {
      await raw.write(head('LIST', '/cut').slice(0, cut), head('LIST', '/cut').slice(cut));
      await raw.answers(methods.length + cut);
    }
    expect(echo.reached.slice(methods.length).map(({ method }) => method)).toEqual(['LIST', 'LIST', 'LIST', 'LIST', 'LIST']);
    expect(raw.statuses).toEqual(raw.statuses.map(() => 200));
  });

  test('a body that holds requests arrives untouched wherever its chunks are cut, and nothing in it is run', async () => {
    const body = `x${head('LIST', '/v1/evil')}LIST /v1/evil HTTP/1.1\r\n\r\n`;
    const request = post(body);
    const start = request.length - body.length;
    for (let cut = start - 2; cut < request.length; cut++) {
      const raw = await echo.open();
      await raw.write(request.slice(0, cut), request.slice(cut));
      await raw.answers(1);
      raw.socket.destroy();
    }
    expect(echo.reached).toHaveLength(body.length + 2);
    expect(new Set(echo.reached.map((reached) => JSON.stringify(reached)))).toEqual(
      new Set([JSON.stringify({ method: 'POST', target: '/post', body })]),
    );
  });

  test('a chunk of a chunked body that begins with LIST arrives untouched', async () => {
    const body = 'LIST /v1/evil HTTP/1.1\r\nHost: x\r\n\r\n';
    const parts = [
      'POST /post HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
      `${body.length.toString(16)}\r\n`,
      body,
      '\r\n0\r\n',
      '\r\n',
    ];
    const raw = await echo.open();
    await raw.write(...parts);
    await raw.answers(1);
    expect(echo.reached).toEqual([{ method: 'POST', target: '/post', body }]);
  });

  test('the body of a LIST is read as its length says, and what follows is the next request', async () => {
    const raw = await echo.open();
    await raw.write(`LIST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}`);
    await raw.answers(1);
    await raw.write(head('GET', '/b'));
    await raw.answers(2);
    expect(echo.reached.map(({ method, body }) => method + body)).toEqual(['LIST{}', 'GET']);
  });

  test.each(['LINK', 'LOCK', 'UNLINK', 'UNLOCK', 'PROPFIND', 'CONNECT', 'TRACE'])('a real %s is never LIST nor SCAN', async (method) => {
    const raw = await echo.open();
    await raw.write(head(method, '/v1/secret/metadata'));
    raw.socket.end();
    await raw.ended();
    expect(echo.reached.filter((reached) => reached.method === 'LIST' || reached.method === 'SCAN')).toEqual([]);
    if (method === 'LINK' || method === 'LOCK') expect(raw.statuses).toEqual([405]);
  });

  test('after a LIST a LINK on the same connection is still refused', async () => {
    const raw = await echo.open();
    await raw.write(head('LIST', '/a'));
    await raw.answers(1);
    await raw.write(head('LINK', '/a'));
    await raw.answers(2);
    expect(raw.statuses).toEqual([200, 405]);
  });

  test.each(['LISTX /a', 'LIS /a', 'XLIST /a', 'list /a', 'LIST/a', 'GELIST /a', 'NONSENSE /a', 'SCAM /a'])(
    'what only resembles a verb is refused and closes: %s',
    async (line) => {
      const raw = await echo.open();
      await raw.write(`${line} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await raw.ended();
      expect(raw.statuses.every((status) => status >= 400)).toBe(true);
      expect(echo.reached).toEqual([]);
    },
  );

  // The parser takes their first letters for those of GET, BIND, PUT, HEAD and so on before it refuses the next.
  test.each(['GEST', 'BIST', 'PUST', 'HEST', 'MIST', 'LOST', 'GIST', 'GCAN', 'XCAN', 'PCAN', 'SEAN', 'SCAR', 'LISP'])(
    'what only resembles a verb is refused wherever the chunk that brings it is cut: %s',
    async (verb) => {
      for (const kept of ['', 'GET', 'LIST']) {
        for (let cut = 1; cut < 6; cut++) {
          const raw = await echo.open();
          if (kept !== '') {
            await raw.write(head(kept, '/before'));
            await raw.answers(1);
          }
          echo.reached.length = 0;
          await raw.write(head(verb, '/a').slice(0, cut), head(verb, '/a').slice(cut));
          await raw.answers(kept === '' ? 1 : 2);
          expect([kept, cut, echo.reached, raw.statuses.at(-1)]).toEqual([kept, cut, [], 405]);
          await raw.ended();
        }
      }
    },
  );

  test('a verb is understood letter by letter, first and after others', async () => {
    const raw = await echo.open();
    for (const [index, method] of ['LIST', 'SCAN', 'GET', 'SCAN', 'LIST'].entries()) {
      await raw.write(...Array.from(head(method, '/a')));
      await raw.answers(index + 1);
    }
    expect(echo.reached.map(({ method }) => method)).toEqual(['LIST', 'SCAN', 'GET', 'SCAN', 'LIST']);
  });

  test('a LIST that comes while an earlier answer is open is refused, and the connection ends', async () => {
    const raw = await echo.open();
    await raw.write('POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab');
    await raw.write(`cd${head('LIST', '/pipelined')}${head('GET', '/after')}`);
    await raw.ended();
    expect(echo.reached.map(({ method }) => method).filter((method) => method !== 'POST')).toEqual([]);
  });

  test('requests without LIST are pipelined', async () => {
    const raw = await echo.open();
    await raw.write(head('GET', '/1') + post('{}') + head('DELETE', '/3'));
    await raw.answers(3);
    expect(echo.reached.map(({ method }) => method)).toEqual(['GET', 'POST', 'DELETE']);
  });
});
