/** The example of an audit sink: by itself, and as an operator names it in a config. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPlugin } from '@strongroom/sdk-plugin/build';
import { auditSinkContract } from '@strongroom/sdk-plugin/testing/audit-sink-contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyAuditFiles } from '../../core/audit/verify.ts';
import { loadConfig } from '../../core/config/load.ts';
import { openOutsidePlugins } from '../../core/runner/outside-plugins.ts';
import { inspectPlugin } from '../../core/runner/plugin-check.ts';
import { openSinks } from '../../core/system/open-sinks.ts';
import httpCollector from '../../examples/http-collector/index.ts';
import { TestServer } from '../harness/server.ts';
import { Collector } from './collector.ts';

auditSinkContract('http-collector', async () => {
  const collector = await Collector.start();
  return {
    open: () => httpCollector.open({ url: collector.url, timeout_ms: 60_000 }),
    written: () => Promise.resolve(collector.text),
    failNext: (keeps) => void (collector.next = { keeps }),
    restarts: false,
    remove: () => collector.stop(),
  };
});

test('a collector that refuses a batch has not taken it', async () => {
  const collector = await Collector.start();
  const sink = await httpCollector.open({ url: collector.url, timeout_ms: 60_000 });
  collector.next = 'refuses';
  await expect((async () => sink.append(Buffer.from('a\n')))()).rejects.toThrow('the collector answered 503');
  await sink.append(Buffer.from('b\n'));
  expect(collector.text).toBe('b\n');
  await sink.close();
  await collector.stop();
});

describe('a server whose config names an audit sink from outside', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-sink-'));
  const module = join(folder, 'http-collector.mjs');
  let collector: Collector;
  beforeAll(async () => {
    await buildPlugin(fileURLToPath(new URL('../../examples/http-collector/index.ts', import.meta.url)), module);
    collector = await Collector.start();
  });
  afterAll(async () => {
    await collector.stop();
    rmSync(folder, { recursive: true });
  });
  const plugin = (changes: object = {}): object => {
    const sha256 = createHash('sha256').update(readFileSync(module)).digest('hex');
    return { name: 'http-collector', kind: 'audit-sink', path: module, version: '1.0.0', sha256, ...changes };
  };
  /** What a server does with its config before it listens. */
  const open = async (named: object, options: object, type = 'http-collector'): Promise<unknown> => {
    const file = join(folder, 'config.json');
    const audit = [{ name: 'far', type, options }];
    const rest = { listeners: [{ type: 'tcp', address: '127.0.0.1:0' }], storage: { type: 'memory' }, seal: { type: 'shamir' } };
    writeFileSync(file, JSON.stringify({ ...rest, plugins: [named], audit_sinks: audit }));
    const config = loadConfig(file);
    return openSinks(openOutsidePlugins(config.plugins, []), config.auditSinks);
  };

  test('has every line of its requests there before it answers, in a chain that is whole', async () => {
    const audit = [{ name: 'far', type: 'http-collector', options: { url: collector.url } }];
    const server = await TestServer.start({ config: { plugins: [plugin()], audit_sinks: audit } });
    expect((await server.send({ method: 'POST', path: '/v1/secret/data/a', body: { data: { x: 1 } } })).status).toBe(200);
    expect(collector.text.match(/"path":"secret\/data\/a"/g)).toHaveLength(2);
    collector.next = 'refuses';
    expect((await server.send({ method: 'GET', path: '/v1/secret/data/a' })).status).toBe(500);
    expect((await server.send({ method: 'GET', path: '/v1/secret/data/a' })).status).toBe(200);
    await server.destroy();
    const log = join(folder, 'collected.log');
    writeFileSync(log, collector.text);
    expect(await verifyAuditFiles([log], {})).toMatchObject({ ok: true });
  });

  test.each([
    ['another hash', () => plugin({ sha256: '0'.repeat(64) }), {}, /plugin http-collector: field sha256/],
    ['options that it does not have', () => plugin(), { path: 'x' }, /audit_sinks\.far\.options: must have required property 'url'/],
    [
      'a component',
      () => plugin({ isolation: 'component' }),
      {},
      /plugins\[0\]\.isolation: expected thread, since an audit sink runs in the server/,
    ],
    ['another name', () => plugin({ name: 'collector' }), {}, /plugin type "http-collector" not found/],
  ])('does not start with %s', async (_, named, options, why) => {
    await expect(open(named(), options)).rejects.toThrow(why);
  });

  test('does not start with a module of another name', async () => {
    await expect(open(plugin({ name: 'other' }), {}, 'other')).rejects.toThrow('plugin other: its module says that it is http-collector');
  });

  test('can be told by what it asks for', async () => {
    expect(await inspectPlugin(module)).toMatchObject({
      outline: undefined,
      sink: { name: 'http-collector', options: ['url', 'timeout_ms'] },
    });
  });
});
