/** Audit devices by API: refused unless the config names a directory for them. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyAuditFiles } from '../../core/audit/verify.ts';
import type { TestServer } from '../harness/server.ts';
import { reportCoverage } from './coverage.ts';
import { callTo, startWireServer, tokenWith } from './wire-server.ts';

reportCoverage(import.meta.filename);

let server: TestServer;
let devices: string;
beforeAll(async () => {
  server = await startWireServer({ config: { audit_devices: { directory: '.' } } });
  devices = server.directory;
});
afterAll(() => server.destroy());

const call = callTo(() => server);

const file = (name: string): object => ({ type: 'file', options: { file_path: join(devices, name) } });

test('a device has the lines from its making on, in the chain of the others, after a restart too, until it is taken away', async () => {
  expect((await call('PUT', 'sys/audit/second', { ...file('second.log'), description: 'by API' })).status).toBe(204);
  expect((await call('GET', 'sys/audit')).json).toMatchObject({
    'file/': { type: 'file' },
    'second/': { type: 'file', path: 'second/', description: 'by API', options: { file_path: join(devices, 'second.log') } },
    data: { 'second/': {} },
  });
  await call('POST', 'secret/data/audited', { data: { password: 'not-in-clear' } });
  await server.kill('SIGTERM');
  await server.restart();
  await call('GET', 'secret/data/audited');
  expect((await call('POST', 'sys/audit-hash/second', { input: 'x' })).json.hash).toBe(
    (await call('POST', 'sys/audit-hash/file', { input: 'x' })).json.hash,
  );
  expect((await call('DELETE', 'sys/audit/second')).status).toBe(204);
  await call('GET', 'secret/data/after');
  const lines = readFileSync(join(devices, 'second.log'), 'utf8');
  expect(lines).toContain('secret/data/audited');
  expect(lines).not.toContain('secret/data/after');
  expect(lines).not.toContain('not-in-clear');
  expect(await verifyAuditFiles([join(devices, 'second.log')])).toMatchObject({ ok: true });
  const own = readFileSync(join(devices, 'audit.log'), 'utf8').split('\n');
  for (const line of lines.split('\n')) expect(own).toContain(line);
  expect((await call('DELETE', 'sys/audit/second')).status).toBe(204);
  expect((await call('POST', 'sys/audit-hash/second', { input: 'x' })).status).toBe(400);
  // It goes on where it ended, and says what it lacks.
  expect((await call('POST', 'sys/audit/second', file('second.log'))).status).toBe(204);
  await call('GET', 'secret/data/later');
  expect(await verifyAuditFiles([join(devices, 'second.log')])).toMatchObject({ ok: true, recovered: [{}] });
  await call('DELETE', 'sys/audit/second');
});

test.each([
  ['bad', { type: 'socket' }, 'field type'],
  ['bad', {}, 'field type'],
  ['bad', { type: 'file' }, 'field options.file_path: must be given'],
  ['bad', { type: 'file', options: { file_path: '/etc/strongroom.log' } }, 'must be a file below the directory'],
  ['bad', { type: 'file', options: { file_path: '../outside.log' } }, 'must be a file below the directory'],
  ['bad', { type: 'file', options: { file_path: 'out/outside.log' } }, 'must be a file below the directory'],
  ['bad', { type: 'file', options: { file_path: 'link.log' } }, 'must be a file below the directory'],
  ['bad', { type: 'file', options: { file_path: 'audit.log' } }, 'another audit sink writes this file'],
  ['bad', { type: 'file', options: { file_path: './x/../audit.log' } }, 'another audit sink writes this file'],
  ['bad', { type: 'file', options: { file_path: 'foreign.txt' } }, 'holds something else'],
  ['bad', { type: 'file', options: { file_path: 'x.log', log_raw: 'true' } }, 'field options.log_raw'],
  ['bad', { type: 'file', options: { file_path: 'x.log', hmac_accessor: false } }, 'field options.hmac_accessor'],
  ['bad', { type: 'file', options: { file_path: 'x.log', mode: '0644' } }, 'field options.mode'],
  ['bad', { type: 'file', options: { file_path: 'x.log', format: 'jsonx' } }, 'field options.format'],
  ['file', { type: 'file', options: { file_path: 'x.log' } }, 'path already in use'],
  ['a/b', { type: 'file', options: { file_path: 'x.log' } }, 'path: a name of'],
])('%s of %j is refused, and nothing is made', async (name, body, text) => {
  if (!existsSync(join(devices, 'out'))) {
    mkdirSync(join(devices, 'x'));
    symlinkSync('/tmp', join(devices, 'out'));
    symlinkSync('/tmp/strongroom-nowhere.log', join(devices, 'link.log'));
    writeFileSync(join(devices, 'foreign.txt'), 'somebody else\n');
  }
  const before = (await call('GET', 'sys/audit')).json.data;
  const refused = await call('POST', `sys/audit/${name}`, body);
  expect(refused.status).toBe(400);
  expect(refused.json.errors[0]).toContain(text);
  expect((await call('GET', 'sys/audit')).json.data).toEqual(before);
});

test('of two hundred that want one path exactly one gets it', async () => {
  const connections = Array.from({ length: 200 }, () => server.connect());
  const request = { method: 'POST', path: 'sys/audit/raced', token: server.rootToken, body: file('raced.log') };
  const answers = await Promise.all(connections.map((connection) => connection.send(request)));
  for (const connection of connections) connection.close();
  expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204, 400]));
  await call('GET', 'secret/data/raced');
  expect(await verifyAuditFiles([join(devices, 'raced.log')])).toMatchObject({ ok: true });
  await call('DELETE', 'sys/audit/raced');
});

test('sinks of the config stay, and rights are needed', async () => {
  expect((await call('DELETE', 'sys/audit/file')).status).toBe(400);
  const token = await tokenWith(server, 'auditor', 'path "sys/audit*" { capabilities = ["create", "read", "update", "delete"] }');
  for (const method of ['POST', 'DELETE'])
    expect((await call(method, 'sys/audit/other', method === 'POST' ? file('x.log') : undefined, token)).status).toBe(403);
});
