/**
 * The one place where an audited event becomes text: Vault's shape, by allow-list. What is not written here explicitly in clear is an HMAC or absent.
 *
 *     {"time":…,"type":"request", "auth":{…},"request":{…},"error":…}
 *     {"time":…,"type":"response","auth":{…},"request":{…},"response":{…},"error":…}
 *
 * The parts that several entries share are made once and passed on as text: the caller's `auth` (kept with the token) and the `request`.
 */
import type {
  AuditAuth,
  AuditData,
  AuditMount,
  AuditPart,
  AuditPolicyResults,
  AuditRequest,
  AuditResponse,
  AuditWrapInfo,
} from './entry.ts';
import { auditFragment, rawFragment } from './fragment.ts';
import type { AuditHmac } from './hmac.ts';

export type { AuditPart } from './entry.ts';

/** What the operator may leave clear. */
export interface SerializerOptions {
  readonly hmac: AuditHmac;
  /** Default true. */
  readonly hmacAccessor?: boolean;
  /** Names of token metadata whose values stay clear. Default none. */
  readonly clearMetadata?: ReadonlySet<string>;
  /** Names of headers, in lower case, whose values stay clear. Default none. */
  readonly clearHeaders?: ReadonlySet<string>;
}

/** What an entry is made of. */
export interface EntryParts {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly auth?: AuditPart<'auth'> | undefined;
  readonly policyResults?: AuditPolicyResults | undefined;
  readonly request: AuditPart<'request'>;
  /** Clear: our messages never hold a secret. */
  readonly error?: string | undefined;
}

/** Serializes audited events. */
export interface AuditSerializer {
  /** The HMAC of one value: `sys/audit-hash`. */
  readonly hmac: AuditHmac;
  /** Gives the fragment of data, which may be kept and passed instead of the data. */
  fragment(data: AuditData): string;
  auth(auth: AuditAuth): AuditPart<'auth'>;
  /** Hashes the token that a request brings, known or not, and its accessor when there is one. */
  token(clientToken: string, accessor?: string): AuditPart<'token'>;
  request(request: AuditRequest): AuditPart<'request'>;
  /** Gives the entry for a request: JSON text of one object, without chain or newline. */
  requestEntry(parts: EntryParts): string;
  /** Gives the entry for an answer. */
  responseEntry(parts: EntryParts, response: AuditResponse, mount?: AuditMount): string;
}

/** Makes the serializer of one salt and one set of options. */
export function auditSerializer(options: SerializerOptions): AuditSerializer {
  const { hmac } = options;
  const writer = new Writer(options);
  const isoTime = clockText();
  return {
    hmac,
    fragment: (data) => writer.data(data),
    auth: (auth) => writer.auth(auth) as AuditPart<'auth'>,
    token: (clientToken, accessor) => writer.token(clientToken, accessor) as AuditPart<'token'>,
    request: (request) => writer.request(request) as AuditPart<'request'>,
    requestEntry: (parts) => `${head(isoTime, 'request', parts)}}`,
    responseEntry: (parts, response, mount) => `${head(isoTime, 'response', parts)},"response":${writer.response(response, mount)}}`,
  };
}

/** Formats times as RFC 3339; the same millisecond, which many entries share, only once. */
function clockText(): (time: number) => string {
  let last = -1;
  let text = '';
  return (time) => {
    if (time !== last) {
      text = new Date(time).toISOString();
      last = time;
    }
    return text;
  };
}

function head(
  isoTime: (time: number) => string,
  type: 'request' | 'response',
  { time, auth, policyResults, request, error }: EntryParts,
): string {
  let out = `{"time":"${isoTime(time)}","type":"${type}"`;
  if (auth !== undefined) out += `,"auth":${policyResults ? `${auth.slice(0, -1)},"policy_results":${results(policyResults)}}` : auth}`;
  out += `,"request":${request}`;
  return error === undefined ? out : `${out},"error":${JSON.stringify(error)}`;
}

function results({ allowed, grantingPolicies }: AuditPolicyResults): string {
  let granting = '';
  for (const name of grantingPolicies)
    granting += `${granting === '' ? '' : ','}{"name":${JSON.stringify(name)},"namespace_id":"root","type":"acl"}`;
  return granting === '' ? `{"allowed":${allowed}}` : `{"allowed":${allowed},"granting_policies":[${granting}]}`;
}

/** `,"name":value` for a clear value; nothing when it is absent. */
function clear(name: string, value: string | number | boolean | readonly string[] | undefined): string {
  return value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`;
}

/** An object of members that each start with a comma. */
function object(members: string): string {
  return members === '' ? '{}' : `{${members.slice(1)}}`;
}

class Writer {
  readonly #options: SerializerOptions;
  readonly #hmac: AuditHmac;
  /** Members that each start with a comma, made once per mount. */
  readonly #mounts = new WeakMap<AuditMount, string>();

  constructor(options: SerializerOptions) {
    this.#options = options;
    this.#hmac = options.hmac;
  }

  data(data: AuditData): string {
    if (data.kind === 'fragment') return data.fragment;
    return data.kind === 'json' ? auditFragment(this.#hmac, data.text, data.clearKeys) : rawFragment(this.#hmac, data.body);
  }

  auth(auth: AuditAuth): string {
    return object(
      this.#hashed('client_token', auth.clientToken) +
        this.#accessor('accessor', auth.accessor) +
        clear('display_name', auth.displayName) +
        clear('policies', auth.policies) +
        clear('token_policies', auth.tokenPolicies) +
        clear('identity_policies', auth.identityPolicies) +
        this.#metadata(auth.metadata) +
        clear('entity_id', auth.entityId) +
        clear('remaining_uses', auth.remainingUses) +
        clear('token_issue_time', auth.tokenIssueTime) +
        clear('token_ttl', auth.tokenTtl) +
        clear('token_type', auth.tokenType),
    );
  }

  /** Members that each start with a comma. */
  token(clientToken: string, accessor: string | undefined): string {
    return this.#hashed('client_token', clientToken) + this.#accessor('client_token_accessor', accessor);
  }

  request(request: AuditRequest): string {
    // Written without `object`: taking the first comma off copies everything.
    return (
      `{"id":"${request.id}","operation":"${request.operation}"${this.#mount(request.mount)}` +
      (request.token ??
        this.#hashed('client_token', request.clientToken) + this.#accessor('client_token_accessor', request.clientTokenAccessor)) +
      `,"namespace":{"id":"root"},"path":${JSON.stringify(request.path)}` +
      (request.data ? `,"data":${this.data(request.data)}` : '') +
      clear('policy_override', request.policyOverride) +
      clear('remote_address', request.remoteAddress) +
      clear('remote_port', request.remotePort) +
      clear('wrap_ttl', request.wrapTtl) +
      this.#headers(request.headers) +
      '}'
    );
  }

  response(response: AuditResponse, mount: AuditMount | undefined): string {
    const members = this.#responseMembers(response);
    return mount === undefined ? object(members) : `{${this.#mount(mount).slice(1)}${members}}`;
  }

  #responseMembers(response: AuditResponse): string {
    return (
      (response.auth ? `,"auth":${this.auth(response.auth)}` : '') +
      (response.data ? `,"data":${this.data(response.data)}` : '') +
      (response.leaseId === undefined ? '' : `,"secret":${object(clear('lease_id', response.leaseId))}`) +
      (response.wrapInfo ? `,"wrap_info":${this.#wrapInfo(response.wrapInfo)}` : '') +
      clear('warnings', response.warnings) +
      this.#hashed('redirect', response.redirect) +
      this.#headers(response.headers)
    );
  }

  #wrapInfo(info: AuditWrapInfo): string {
    return object(
      this.#hashed('token', info.token) +
        this.#accessor('accessor', info.accessor) +
        clear('ttl', info.ttl) +
        clear('creation_time', info.creationTime) +
        clear('creation_path', info.creationPath) +
        this.#accessor('wrapped_accessor', info.wrappedAccessor),
    );
  }

  #mount(mount: AuditMount | undefined): string {
    if (mount === undefined) return '';
    let members = this.#mounts.get(mount);
    if (members === undefined) this.#mounts.set(mount, (members = mountMembers(mount)));
    return members;
  }

  #hashed(name: string, value: string | undefined): string {
    return value === undefined ? '' : `,"${name}":"${this.#hmac(value)}"`;
  }

  #accessor(name: string, value: string | undefined): string {
    return this.#options.hmacAccessor === false ? clear(name, value) : this.#hashed(name, value);
  }

  #metadata(metadata: ReadonlyMap<string, string> | undefined): string {
    if (!metadata || metadata.size === 0) return '';
    let members = '';
    for (const [name, value] of metadata)
      members += `,${JSON.stringify(name)}:${this.#value(this.#options.clearMetadata?.has(name), value)}`;
    return `,"metadata":${object(members)}`;
  }

  #headers(headers: ReadonlyMap<string, readonly string[]> | undefined): string {
    if (!headers || headers.size === 0) return '';
    let members = '';
    for (const [name, values] of headers) {
      const shown = this.#options.clearHeaders?.has(name);
      members += `,${JSON.stringify(name)}:[${values.map((value) => this.#value(shown, value)).join(',')}]`;
    }
    return `,"headers":${object(members)}`;
  }

  #value(shown: boolean | undefined, value: string): string {
    return shown ? JSON.stringify(value) : `"${this.#hmac(value)}"`;
  }
}

function mountMembers(mount: AuditMount): string {
  return (
    clear('mount_type', mount.type) +
    clear('mount_point', mount.point) +
    clear('mount_class', mount.class) +
    clear('mount_accessor', mount.accessor) +
    clear('mount_running_version', mount.version)
  );
}
