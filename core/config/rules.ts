/** What a schema cannot say: fields that depend on each other, names that must differ, plain HTTP beyond this machine. */
import { normalCidr } from '@strongroom/sdk-plugin/hosting';
import type { ConfigFile, FileAuth, FileListener, FilePlugin, FileSeal } from './config-file.ts';
import { defaults } from './defaults.ts';
import { parseSeconds } from './duration.ts';
import type { SchemaIssue } from './validate.ts';

const immutable = new Set(['root', 'response-wrapping']);
const reservedMounts = new Set(['sys', 'auth', 'cubbyhole', 'identity']);

/** Gives all that is wrong with a file that the schema accepts. */
export function checkRules(file: ConfigFile): readonly SchemaIssue[] {
  const most = file.max_lease_ttl === undefined ? defaults.maxLeaseTtlSeconds : parseSeconds(file.max_lease_ttl);
  return [
    ...file.listeners.flatMap((listener, index) => checkListener(listener).map(under('listeners', index))),
    ...checkSeal(file.seal).map(under('seal')),
    ...checkNames(file),
    ...(file.plugins ?? []).flatMap((plugin, index) => checkPlugin(plugin).map(under('plugins', index))),
    ...(file.mounts ?? []).flatMap((mount, index) => [
      ...(reservedMounts.has(mount.path.split('/')[0] ?? '')
        ? [{ path: ['mounts', index, 'path'], expected: 'a path that is not below sys, auth, cubbyhole or identity' }]
        : []),
      ...checkTtls(mount, most).map(under('mounts', index)),
    ]),
    ...(file.auth ?? []).flatMap((auth, index) => [
      ...(auth.path.split('/')[0] === 'token'
        ? [{ path: ['auth', index, 'path'], expected: "a path that is not below token, which is the server's own" }]
        : []),
      ...checkTtls(auth, most).map(under('auth', index)),
      ...checkLockout(auth).map(under('auth', index, 'user_lockout')),
    ]),
    ...(file.policies ?? []).flatMap((policy, index) => checkPolicy(policy).map(under('policies', index))),
    ...checkTtls(file, most),
  ];
}

/** Splits `host:port` or `[host]:port`; the schema has checked the form. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) };
}

function checkListener(listener: FileListener): readonly SchemaIssue[] {
  if (listener.type === 'unix') return [];
  const { host, port } = splitAddress(listener.address);
  const issues: SchemaIssue[] = [];
  if (port > 65_535) issues.push({ path: ['address'], expected: 'a port from 0 to 65535' });
  if (listener.tls && listener.insecure) issues.push({ path: ['insecure'], expected: 'either tls or insecure, not both' });
  if (!listener.tls && !listener.insecure && !isLoopback(host)) {
    issues.push({
      path: ['address'],
      expected: 'tls, since the address is not a loopback one (insecure: true serves plain HTTP on purpose)',
    });
  }
  const asks = (listener.tls?.client_auth ?? 'none') !== 'none';
  if (listener.tls && asks && listener.tls.client_ca_file === undefined) {
    issues.push({ path: ['tls', 'client_ca_file'], expected: 'a file, since client_auth asks for certificates' });
  }
  return [...issues, ...checkProxies(listener)];
}

function checkProxies({
  x_forwarded_for: forwarded,
  proxy_protocol: proxy,
}: Extract<FileListener, { type: 'tcp' }>): readonly SchemaIssue[] {
  const blocks = (addresses: readonly string[] = []): readonly SchemaIssue[] =>
    addresses.flatMap((address, index) =>
      normalCidr(address) === undefined
        ? [{ path: ['authorized_addrs', index], expected: 'an address, or a block of them: "10.0.0.0/8"' }]
        : [],
    );
  const lacking = proxy !== undefined && proxy.behavior !== 'use_always' && (proxy.authorized_addrs ?? []).length === 0;
  return [
    ...blocks(forwarded?.authorized_addrs).map(under('x_forwarded_for')),
    ...blocks(proxy?.authorized_addrs).map(under('proxy_protocol')),
    ...(lacking ? [{ path: ['proxy_protocol', 'authorized_addrs'], expected: `an address, since behavior is ${proxy.behavior}` }] : []),
  ];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function checkSeal(seal: FileSeal): readonly SchemaIssue[] {
  if (seal.type !== 'static') return [];
  if ((seal.key_file === undefined) === (seal.key_env === undefined))
    return [{ path: ['key_file'], expected: 'either key_file or key_env' }];
  return seal.create && seal.key_file === undefined ? [{ path: ['create'], expected: 'key_file, since only a file can be made' }] : [];
}

function checkPlugin(plugin: FilePlugin): readonly SchemaIssue[] {
  return [
    ...((plugin.path === undefined) === (plugin.package === undefined) ? [{ path: ['path'], expected: 'either path or package' }] : []),
    ...(plugin.kind === 'audit-sink' && plugin.isolation === 'component'
      ? [{ path: ['isolation'], expected: 'thread, since an audit sink runs in the server itself' }]
      : []),
  ];
}

function checkPolicy(policy: { readonly name: string; readonly rules?: string; readonly file?: string }): readonly SchemaIssue[] {
  const issues: SchemaIssue[] = [];
  if ((policy.rules === undefined) === (policy.file === undefined)) issues.push({ path: ['rules'], expected: 'either rules or file' });
  const name = policy.name.toLowerCase();
  if (immutable.has(name)) issues.push({ path: ['name'], expected: `another name than ${name}, which cannot be changed` });
  return issues;
}

function checkTtls(owner: Pick<ConfigFile, 'default_lease_ttl' | 'max_lease_ttl'>, otherwise: number): readonly SchemaIssue[] {
  const most = owner.max_lease_ttl === undefined ? otherwise : parseSeconds(owner.max_lease_ttl);
  return owner.default_lease_ttl !== undefined && parseSeconds(owner.default_lease_ttl) > most
    ? [{ path: ['default_lease_ttl'], expected: `at most max_lease_ttl (${most} seconds)` }]
    : [];
}

function checkLockout({ user_lockout: lockout = {} }: FileAuth): readonly SchemaIssue[] {
  return (['duration', 'counter_reset'] as const).flatMap((field) =>
    lockout[field] !== undefined && parseSeconds(lockout[field]) < 1 ? [{ path: [field], expected: 'at least one second' }] : [],
  );
}

function checkNames(file: ConfigFile): readonly SchemaIssue[] {
  return [
    ...repeated(
      'mounts',
      'path',
      (file.mounts ?? []).map((mount) => mount.path.replace(/\/$/, '')),
    ),
    ...repeated(
      'auth',
      'path',
      (file.auth ?? []).map((auth) => auth.path.replace(/\/$/, '')),
    ),
    ...repeated(
      'audit_sinks',
      'name',
      (file.audit_sinks ?? []).map((sink) => sink.name),
    ),
    ...repeated(
      'plugins',
      'name',
      (file.plugins ?? []).map((plugin) => plugin.name),
    ),
    ...repeated(
      'policies',
      'name',
      (file.policies ?? []).map((policy) => policy.name.toLowerCase()),
    ),
    ...repeated(
      'listeners',
      'address',
      file.listeners.map((listener) => (listener.type === 'tcp' ? listener.address : '')),
    ),
    ...repeated(
      'listeners',
      'path',
      file.listeners.map((listener) => (listener.type === 'unix' ? listener.path : '')),
    ),
  ];
}

/** Names that were given before; '' stands for none. */
function repeated(section: string, field: string, names: readonly string[]): readonly SchemaIssue[] {
  return names.flatMap((name, index) =>
    name !== '' && names.indexOf(name) < index ? [{ path: [section, index, field], expected: 'a value that no other has' }] : [],
  );
}

function under(...path: readonly (string | number)[]): (issue: SchemaIssue) => SchemaIssue {
  return (issue) => ({ ...issue, path: [...path, ...issue.path] });
}
