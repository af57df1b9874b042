import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from './config-error.ts';
import type { Config } from './config.ts';
import { parseSeconds } from './duration.ts';
import { loadConfig } from './load.ts';

const minimal = `listeners:
  - type: tcp
    address: 127.0.0.1:8200
storage: { type: memory }
seal: { type: shamir }
`;

function load(text: string): Config {
  return loadConfig('/etc/strongroom/config.yaml', (path) => {
    if (path === '/etc/strongroom/config.yaml') return text;
    if (path === '/etc/strongroom/policy.hcl') return 'path "x" {}';
    throw new Error('ENOENT');
  });
}

function refusal(text: string): string {
  try {
    load(text);
    return 'no refusal';
  } catch (error) {
    return error instanceof ConfigError ? error.message.replaceAll('/etc/strongroom/config.yaml:', '') : String(error);
  }
}

describe('a config file', () => {
  test.each(['dev', 'production'])('examples/%s.yaml loads', (name) => {
    const config = loadConfig(fileURLToPath(new URL(`../../examples/${name}.yaml`, import.meta.url)));
    expect(config.mounts).toMatchObject([{ path: 'secret/', type: 'kv', options: { version: '2' } }]);
    expect(config.auditSinks[0]).toMatchObject({ type: 'file', required: true });
  });

  test('that says little gets every default', () => {
    expect(load(minimal)).toMatchObject({
      listeners: [{ kind: 'tcp', host: '127.0.0.1', port: 8200, tls: undefined, maxConnections: 10_000 }],
      storage: { kind: 'memory' },
      seal: { kind: 'shamir' },
      initialize: { auto: false },
      mounts: [],
      limits: { bodyBytes: 33_554_432, headerWaitSeconds: 10, requestTimeoutSeconds: 90, rateLimit: undefined },
      defaultLeaseTtlSeconds: 2_764_800,
      maxLeaseTtlSeconds: 2_764_800,
      apiVersion: '1.15.6',
      log: { level: 'info', format: 'json' },
    });
  });

  test('names the proxies that are believed', () => {
    const proxies = minimal.replace(
      'address: 127.0.0.1:8200',
      `address: 127.0.0.1:8200
    x_forwarded_for: { authorized_addrs: [10.0.0.1, '2001:db8::/32'], hop_skips: 2, reject_not_present: false }
    proxy_protocol: { behavior: allow_authorized, authorized_addrs: [10.0.0.0/8] }`,
    );
    expect(load(proxies).listeners).toMatchObject([
      {
        forwardedFor: {
          authorizedAddrs: ['10.0.0.1/32', '2001:db8::/32'],
          hopSkips: 2,
          rejectNotPresent: false,
          rejectNotAuthorized: true,
        },
        proxyProtocol: { behavior: 'allow_authorized', authorizedAddrs: ['10.0.0.0/8'] },
      },
    ]);
    expect(load(minimal).listeners).toMatchObject([{ forwardedFor: undefined, proxyProtocol: undefined }]);
  });

  test.each([
    ['x_forwarded_for: {}', 'listeners[0].x_forwarded_for.authorized_addrs'],
    ['x_forwarded_for: { authorized_addrs: [] }', 'listeners[0].x_forwarded_for.authorized_addrs'],
    ['x_forwarded_for: { authorized_addrs: [10.0.0.0/33] }', 'listeners[0].x_forwarded_for.authorized_addrs[0]: expected an address'],
    ['x_forwarded_for: { authorized_addrs: [10.0.0.1], hop_skips: -1 }', 'listeners[0].x_forwarded_for.hop_skips'],
    ['proxy_protocol: { behavior: sometimes }', 'listeners[0].proxy_protocol.behavior'],
    ['proxy_protocol: { behavior: deny_unauthorized }', 'listeners[0].proxy_protocol.authorized_addrs: expected an address'],
    ['proxy_protocol: { behavior: use_always, authorized_addrs: [proxy] }', 'listeners[0].proxy_protocol.authorized_addrs[0]'],
  ])('refuses proxies that cannot be: %s', (text, expected) => {
    expect(refusal(minimal.replace('address: 127.0.0.1:8200', `address: 127.0.0.1:8200\n    ${text}`))).toContain(expected);
  });

  test('refuses a policy under the name of one that cannot be changed', () => {
    expect(refusal(`${minimal}policies: [{ name: response-wrapping, rules: 'path "x" {}' }]\n`)).toContain('policies[0].name');
  });

  test('names auth methods by their path below auth/, and when they lock users out', () => {
    const auth = `auth:
  - { path: people, type: userpass, description: all, default_lease_ttl: 1h, token_type: batch, user_lockout: { threshold: 3, duration: 30m } }
  - { path: team/people/, type: userpass }
`;
    expect(load(minimal + auth).auth).toEqual([
      {
        path: 'people/',
        type: 'userpass',
        description: 'all',
        options: {},
        hosts: [],
        isolation: undefined,
        defaultLeaseTtlSeconds: 3600,
        maxLeaseTtlSeconds: undefined,
        tokenType: 'batch',
        lockout: { threshold: 3, durationSeconds: 1800, counterResetSeconds: 900, disabled: false },
      },
      expect.objectContaining({ path: 'team/people/', tokenType: undefined, lockout: undefined }),
    ]);
  });

  test.each([
    ['{ path: token/x, type: userpass }', "auth[0].path: expected a path that is not below token, which is the server's own"],
    ['{ path: a }', 'auth[0].type'],
    ['{ path: ../a, type: userpass }', 'auth[0].path'],
    ['{ path: a, type: userpass, token_type: eternal }', 'auth[0].token_type'],
    ['{ path: a, type: userpass, user_lockout: { threshold: 0 } }', 'auth[0].user_lockout.threshold'],
    ['{ path: a, type: userpass, user_lockout: { duration: 0 } }', 'auth[0].user_lockout.duration: expected at least one second'],
    ['{ path: a, type: userpass, default_lease_ttl: 2h, max_lease_ttl: 1h }', 'auth[0].default_lease_ttl'],
    ['{ path: a, type: userpass }\n  - { path: a/, type: userpass }', 'auth[1].path: expected a value that no other has'],
  ])('with the auth method %s is refused', (auth, expected) => {
    expect(refusal(`${minimal}auth:\n  - ${auth}\n`)).toContain(expected);
  });

  test('may be JSON', () => {
    const text = JSON.stringify({
      listeners: [{ type: 'unix', path: 's', mode: '0660' }],
      storage: { type: 'memory' },
      seal: { type: 'shamir' },
    });
    expect(load(text).listeners).toMatchObject([{ kind: 'unix', path: '/etc/strongroom/s', mode: 0o660 }]);
  });

  test('has paths relative to itself', () => {
    const config = load(`listeners: [{ type: tcp, address: '[::]:8200', tls: { cert_file: tls/c.pem, key_file: /k.pem } }]
storage: { type: file, directory: ../data }
seal: { type: static, key_file: ./seal.key }
audit_sinks: [{ name: a, type: file, options: { path: ../a.log } }, { name: m, type: my-sink, options: { path: as/is } }, { name: s, type: stdout }]
policies: [{ name: p, file: policy.hcl }, { name: q, rules: 'path "y" {}' }]
`);
    expect(config.listeners).toMatchObject([
      { host: '::', tls: { certFile: '/etc/strongroom/tls/c.pem', keyFile: '/k.pem', minVersion: '1.3' } },
    ]);
    expect(config.storage).toMatchObject({ directory: '/etc/data' });
    expect(config.seal).toMatchObject({ key: { path: '/etc/strongroom/seal.key', create: false } });
    expect(config.auditSinks.map(({ type, options }) => [type, options['path']])).toEqual([
      ['file', '/etc/a.log'],
      ['my-sink', 'as/is'],
      ['stdout', undefined],
    ]);
    expect(config.policies).toEqual([
      { name: 'p', rules: 'path "x" {}' },
      { name: 'q', rules: 'path "y" {}' },
    ]);
  });

  test('is frozen throughout', () => {
    const config = load(minimal);
    expect(Object.isFrozen(config) && Object.isFrozen(config.limits) && Object.isFrozen(config.listeners[0])).toBe(true);
  });

  test('keeps a default TTL under a shorter maximum', () => {
    expect(load(`${minimal}max_lease_ttl: 1h`)).toMatchObject({ defaultLeaseTtlSeconds: 3600, maxLeaseTtlSeconds: 3600 });
  });
});

describe('a mistake is named by line and field', () => {
  const tls = '{ cert_file: c, key_file: k';
  test.each([
    ['', '1: expected named fields'],
    ['[]', '1: expected named fields'],
    ['a: [', '1: expected valid YAML or JSON (bad indent)'],
    ['a: 1\nb: 2\na: 3', '3: expected each name once'],
    ['a: &x 1\nb: *x', '1: expected YAML without aliases'],
    ['listeners: []\nstorage: { type: memory }\nseal: { type: shamir }', '1: listeners: expected at least 1 item'],
    ['storage: { type: memory }\nseal: { type: shamir }', '1: listeners: expected a value (required field)'],
    ['listeners: [{ type: unix, path: s }]\nstorage: { type: memory }', '1: seal: expected a value (required field)'],
    [
      'listeners: [{ type: unix, path: s }]\nseal: { type: shamir }\nstorage: { type: s3 }',
      '3: storage.type: expected one of file, memory',
    ],
    [
      'listeners: [{ type: unix, path: s }]\nseal: { type: shamir }\nstorage: { type: file }',
      '3: storage.directory: expected a value (required field)',
    ],
    ['listeners: [{ type: unix, path: s }]\nstorage: { type: memory }\nseal: {}', '3: seal.type: expected one of shamir, static'],
    [
      'listeners:\n  - type: unix\n    path: s\n    mode: rw\nstorage: { type: memory }\nseal: { type: shamir }',
      '4: listeners[0].mode: expected file permissions as octal text: "0600"',
    ],
  ])('%j', (text, message) => {
    expect(refusal(text)).toBe(message);
  });

  // Each is appended to the minimal file, whose last line is 5.
  test.each([
    ['colour: red', /^6: colour: expected one of listeners, storage, .* \(unknown field\)$/],
    ['log:\n  level: loud', '7: log.level: expected one of trace, debug, info, warn, error'],
    ['log:\n  # comment\n\n  format: xml', '9: log.format: expected one of json, pretty'],
    ['log: yes please', '6: log: expected named fields'],
    ['plugins:\n  - { name: p, path: p.wasm, version: 1.0.0 }', '7: plugins[0].sha256: expected a value (required field)'],
    [
      'plugins:\n  - { name: p, path: p.wasm, version: 1.0.0, sha256: abc }',
      '7: plugins[0].sha256: expected the SHA-256 of the file: 64 hexadecimal digits',
    ],
    [`plugins:\n  - { name: p, version: 1.0.0, sha256: ${'a'.repeat(64)} }`, '7: plugins[0].path: expected either path or package'],
    [
      `plugins:\n  - { name: p, path: p.wasm, package: p, version: 1.0.0, sha256: ${'a'.repeat(64)} }`,
      '7: plugins[0].path: expected either path or package',
    ],
    [
      `plugins:\n  - { name: p, path: p.wasm, version: 1.0.0, sha256: ${'a'.repeat(64)}, memory_mib: 5000 }`,
      '7: plugins[0].memory_mib: expected memory of an instance of a component, or of a thread: a whole number from 4 to 4096',
    ],
    ['mounts: { path: a }', '6: mounts: expected a list'],
    ['mounts:\n  - type: kv', '7: mounts[0].path: expected a value (required field)'],
    ['mounts:\n  - { path: a/../b, type: kv }', /^7: mounts\[0\]\.path: expected path segments/],
    ['mounts:\n  - { path: "/a", type: kv }', /^7: mounts\[0\]\.path: expected path segments/],
    ['mounts:\n  - { path: a//b, type: kv }', /^7: mounts\[0\]\.path: expected path segments/],
    ['mounts:\n  - { path: sys/x, type: kv }', '7: mounts[0].path: expected a path that is not below sys, auth, cubbyhole or identity'],
    ['mounts:\n  - { path: a, type: kv }\n  - { path: a/, type: kv }', '8: mounts[1].path: expected a value that no other has'],
    ['mounts:\n  - { path: a, type: kv, isolation: none }', '7: mounts[0].isolation: expected one of thread, component'],
    [
      'mounts:\n  - { path: a, type: kv, hosts: ["a b"] }',
      '7: mounts[0].hosts[0]: expected host, host:port (both https) or http://host:port',
    ],
    ['mounts:\n  - { path: a, type: kv, options: { x: [] } }', '7: mounts[0].options.x: expected text, a number or true or false'],
    [
      'mounts:\n  - { path: a, type: kv, default_lease_ttl: 2h, max_lease_ttl: 1h }',
      '7: mounts[0].default_lease_ttl: expected at most max_lease_ttl (3600 seconds)',
    ],
    [
      'max_lease_ttl: 1h\nmounts: [{ path: a, type: kv, default_lease_ttl: 2h }]',
      '7: mounts[0].default_lease_ttl: expected at most max_lease_ttl (3600 seconds)',
    ],
    ['default_lease_ttl: 800h', '6: default_lease_ttl: expected at most max_lease_ttl (2764800 seconds)'],
    ['max_lease_ttl: soon', /^6: max_lease_ttl: expected a duration/],
    ['max_lease_ttl: -1', /^6: max_lease_ttl: expected a duration/],
    [
      'audit_sinks:\n  - { name: a, type: file }\n  - { name: a, type: stdout }',
      '8: audit_sinks[1].name: expected a value that no other has',
    ],
    ['audit_sinks: [{ name: a, type: file, required: perhaps }]', '6: audit_sinks[0].required: expected true or false'],
    ['policies:\n  - { name: p }', '7: policies[0].rules: expected either rules or file'],
    ['policies:\n  - { name: p, rules: x, file: y }', '7: policies[0].rules: expected either rules or file'],
    ['policies:\n  - { name: Root, rules: x }', '7: policies[0].name: expected another name than root, which cannot be changed'],
    ['policies:\n  - { name: p, rules: x }\n  - { name: P, rules: x }', '8: policies[1].name: expected a value that no other has'],
    ['policies:\n  - name: p\n    file: none.hcl', '8: policies[0].file: expected a file that can be read'],
    ['limits: { body_bytes: 0 }', '6: limits.body_bytes: expected bytes of a request body: a whole number from 1024 to 1073741824'],
    ['limits: { json_depth: 513 }', '6: limits.json_depth: expected nesting of a JSON body: a whole number from 8 to 512'],
    ['limits:\n  rate_limit: { burst: 1 }', '7: limits.rate_limit.per_address_per_second: expected a value (required field)'],
    ['api_version: 2.6', '6: api_version: expected a version such as 1.15.6'],
    ['initialize: { root_token_to: file }', '6: initialize.root_token_to: expected one of stdout'],
  ])('%j', (text, message) => {
    const exact = typeof message === 'string' ? new RegExp(`^${RegExp.escape(message)}$`) : message;
    expect(
      refusal(`${minimal}${text}
`),
    ).toMatch(exact);
  });

  test.each([
    ['address: 0.0.0.0:8200', /^1: listeners\[0\]\.address: expected tls, since the address is not a loopback one/],
    ['address: "[::]:8200"', /expected tls/],
    ['address: example.org:8200', /expected tls/],
    ['address: 127.0.0.1.example.org:8200', /expected tls/],
    ['address: 127.0.0.1', /^1: listeners\[0\]\.address: expected an address and port/],
    ['address: 127.0.0.1:65536', /expected a port from 0 to 65535/],
    [`address: 127.0.0.1:1, insecure: true, tls: ${tls} }`, /^1: listeners\[0\]\.insecure: expected either tls or insecure/],
    [`address: 127.0.0.1:1, tls: ${tls}, client_auth: require }`, /^1: listeners\[0\]\.tls\.client_ca_file: expected a file/],
    [`address: 127.0.0.1:1, tls: ${tls}, min_version: "1.1" }`, /^1: listeners\[0\]\.tls\.min_version: expected one of 1\.3, 1\.2$/],
    ['address: 127.0.0.1:1, tls: { key_file: k }', /^1: listeners\[0\]\.tls\.cert_file: expected a value/],
    ['address: 127.0.0.1:1 }, { type: tcp, address: 127.0.0.1:1', /^1: listeners\[1\]\.address: expected a value that no other has/],
  ])('listener %s', (fields, message) => {
    expect(refusal(`listeners: [{ type: tcp, ${fields} }]\nstorage: { type: memory }\nseal: { type: shamir }`)).toMatch(message);
  });

  test.each([
    ['address: 0.0.0.0:8200, insecure: true'],
    [`address: 0.0.0.0:8200, tls: ${tls} }`],
    ['address: localhost:8200'],
    ['address: 127.8.9.1:8200'],
    ['address: "[::1]:8200"'],
  ])('listener %s is fine', (fields) => {
    expect(refusal(`listeners: [{ type: tcp, ${fields} }]\nstorage: { type: memory }\nseal: { type: shamir }`)).toBe('no refusal');
  });

  test.each([
    ['{ type: static }', 'key_file: expected either key_file or key_env'],
    ['{ type: static, key_file: a, key_env: B }', 'key_file: expected either key_file or key_env'],
    ['{ type: static, key_env: B, create: true }', 'create: expected key_file, since only a file can be made'],
    ['{ type: shamir, key_file: a }', 'key_file: expected one of type (unknown field)'],
  ])('seal %s', (seal, message) => {
    expect(refusal(minimal.replace('{ type: shamir }', seal))).toBe(`5: seal.${message}`);
  });

  test('all of them are told at once, in the order of the file', () => {
    expect(
      refusal(`${minimal}cluster_name: ""\nlog: { level: x }\nmetrics: 1\n`)
        .split('\n')
        .map((line) => line.split(':', 2).join(':')),
    ).toEqual(['6: cluster_name', '7: log.level', '8: metrics']);
  });

  test('a file that cannot be read is named', () => {
    expect(() => loadConfig('/nowhere/config.yaml')).toThrow('/nowhere/config.yaml:1: expected a file that can be read');
  });

  test('no value of the file is quoted', () => {
    const secret = 'hunter2';
    for (const text of [
      `log: ${secret}`,
      `api_version: ${secret}`,
      `mounts: [{ path: "../${secret}", type: kv }]`,
      `cors: {x: !t ${secret}`,
      `x: "\\${secret}"`,
    ]) {
      expect(refusal(minimal + text)).not.toContain(secret);
    }
  });
});

describe('durations', () => {
  test.each([
    ['768h', 2_764_800],
    ['1h30m', 5400],
    ['32d', 2_764_800],
    ['90', 90],
    [15, 15],
    ['0s', 0],
  ])('%s is %i seconds', (text, seconds) => {
    expect(parseSeconds(text)).toBe(seconds);
  });

  test('anything else is refused', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^([0-9]+|([0-9]+[smhd])+)$/.test(text));
        expect(() => parseSeconds(text)).toThrow('expected a duration');
      }),
    );
  });
});
