// Made by npm run surface; a test compares it with the source.

/** What a handler gives, at once or later. Nothing: 204 for a write, 404 for a read or list. */
export declare type Answered = Promise<Reply | undefined | void> | Reply | undefined | void;

/** The contract of an audit sink: takes whole lines, in order. */
/** A running sink. Calls never overlap, but `sync`, beside which lines are appended, and `close`, which comes last. */
export declare interface AuditSink {
    /**
     * Takes a batch: complete lines, each ending in a newline. The bytes are the sink's until it has taken them. Returns nothing when they are taken at once, which is cheapest where it can't block
     * for long; otherwise a promise of it. A throw or rejection means that nothing or a part was taken: the next batch then starts on a line
     * of its own.
     */
    append(lines: Uint8Array): Promise<void> | void;
    /** Resolves when all lines taken before the call are as safe as the sink can make them: fdatasync for a file. */
    sync(): Promise<void>;
    /**
     * The last complete line that the sink still has, so that a restarted server continues its chain; undefined for none or unknown. With `accept`,
     * the last one that it takes: what failed batches left may stand behind it. Lines are offered from the last one backwards, none left out
     * that has not been synced: what a power cut took of those is found this way.
     */
    lastLine(accept?: (line: string) => boolean): Promise<string | undefined>;
    /** Lets go of files and takes them again (SIGHUP, after an outside rotation). */
    reopen(): Promise<void>;
    close(): Promise<void>;
}

/** What the default export of a sink's module makes. */
export declare interface AuditSinkDefinition<Options = Readonly<Record<string, unknown>>> {
    readonly kind: 'audit-sink';
    readonly name: string;
    /** JSON Schema of the options in the config file. */
    readonly optionsSchema: Readonly<Record<string, unknown>>;
    open(options: Options): Promise<AuditSink>;
}

/** An auth method as the host sees it. */
export declare interface AuthMethodDefinition extends Omit<EngineDefinition, 'kind'> {
    readonly kind: 'auth-method';
    /**
     * Checks, at the renewal of a token, that whoever logged in would still be let in, and says what the token may do from now on: its
     * policies and limits are replaced. Throws to refuse. It may read storage, like any handler.
     */
    readonly renew: (ctx: Context, login: LoginToRenew) => Promise<Login> | Login;
}

/** The whole body, as `opaque`: for an engine whose paths take any field. Absent when nothing was sent. */
declare function body(options?: FieldOptions): Schema<OpaqueJson>;

/** true or false; accepts the texts that Go's ParseBool does. */
declare function boolean(options?: FieldOptions): Schema<boolean>;

/** Who is calling, as far as an engine may know. */
export declare interface Caller {
    readonly displayName: string;
    readonly entityId: string;
    readonly policies: readonly string[];
    /** Headers of the request by their lower-cased names: those that `passthrough_request_headers` of the mount names. */
    readonly headers: Readonly<Record<string, string>>;
}

/** Whether a field of this JSON Schema carries user JSON, as text. */
declare function carriesJson({ format }: Schema<unknown>['json']): boolean;

/** Settings after an input: what it leaves out stays as it was. @throws PluginError `invalid` naming the field and the bound */
export declare function changeTokenSettings(before: TokenSettings, input: TokenInput): TokenSettings;

/** A list of addresses or CIDR blocks, IPv4 or IPv6; accepts comma-separated text. What comes out always has its bits: `10.0.0.1/32`. */
declare function cidrList(options?: FieldOptions): Schema<readonly string[]>;

export declare type CipherParams = 
/** `iv` of 12 bytes (any length from 1 to 128 for AES-GCM), never used twice with a key; the tag of `tagLength` bits (default 128) follows the ciphertext. */
    {
    readonly name: 'AES-GCM';
    readonly iv: Uint8Array;
    readonly additionalData?: Uint8Array;
    readonly tagLength?: 96 | 104 | 112 | 120 | 128;
} | {
    readonly name: 'ChaCha20-Poly1305';
    readonly iv: Uint8Array;
    readonly additionalData?: Uint8Array;
}
/** `iv` of 16 bytes. */
| {
    readonly name: 'AES-CBC';
    readonly iv: Uint8Array;
} | {
    readonly name: 'RSA-OAEP';
    readonly label?: Uint8Array;
};

/** All an engine may touch. */
export declare interface Context {
    readonly storage: PluginStorage;
    readonly passwords: Passwords;
    readonly crypto: Crypto_2;
    readonly rotations: Rotations;
    readonly mount: MountInfo;
    /** Milliseconds since 1970 by the host's clock, the same within one request. Reading it makes the answer uncacheable unless the reply says `validUntil`. */
    now(): number;
    /** Random bytes from the host's generator. */
    random(size: number): Uint8Array;
    /** Reading it makes the answer uncacheable. */
    caller(): Caller;
    /** One line in the operator's log. Never a secret. */
    log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
}

/**
 * The operations. Data is at most 8 MiB, and what is derived at most 8 KiB. All but `openKey` reject with a CryptoError: `InvalidAccessError` for a
 * key of another algorithm or without the usage, `DataError` for malformed material, `NotSupportedError` for what is not listed here,
 * `OperationError` when it fails: a tag or padding that doesn't fit. Asking for what is random (keys, encryption, signatures) makes an
 * answer uncacheable.
 */
declare interface Crypto_2 {
    generateKey(algorithm: SecretKeyAlgorithm, extractable: boolean, usages: readonly KeyUsage_2[]): Promise<CryptoKey_2>;
    generateKey(algorithm: PairAlgorithm, extractable: boolean, usages: readonly KeyUsage_2[]): Promise<CryptoKeyPair_2>;
    importKey(format: KeyFormat_2, material: Uint8Array, algorithm: ImportAlgorithm, extractable: boolean, usages: readonly KeyUsage_2[]): Promise<CryptoKey_2>;
    /** The one way for material to come to a plugin. */
    exportKey(format: KeyFormat_2, key: CryptoKey_2): Promise<Uint8Array>;
    /** Of a sealed handle. The host finds out whether it is one when the key is used. @throws CryptoError `DataError` for what can't be one */
    openKey(sealed: Uint8Array): CryptoKey_2;
    encrypt(params: CipherParams, key: CryptoKey_2, data: Uint8Array): Promise<Uint8Array>;
    decrypt(params: CipherParams, key: CryptoKey_2, data: Uint8Array): Promise<Uint8Array>;
    sign(params: SignatureParams, key: CryptoKey_2, data: Uint8Array): Promise<Uint8Array>;
    verify(params: SignatureParams, key: CryptoKey_2, signature: Uint8Array, data: Uint8Array): Promise<boolean>;
    digest(hash: HashName, data: Uint8Array): Promise<Uint8Array>;
    /** @param length bits, a multiple of 8 */
    deriveBits(params: DeriveParams, key: CryptoKey_2, length: number): Promise<Uint8Array>;
    deriveKey(params: DeriveParams, key: CryptoKey_2, algorithm: SecretKeyAlgorithm, extractable: boolean, usages: readonly KeyUsage_2[]): Promise<CryptoKey_2>;
    /** Exports a key, which must be extractable, and encrypts it, without its material coming to the plugin. */
    wrapKey(format: KeyFormat_2, key: CryptoKey_2, wrapping: CryptoKey_2, params: WrapParams): Promise<Uint8Array>;
    unwrapKey(format: KeyFormat_2, wrapped: Uint8Array, unwrapping: CryptoKey_2, params: WrapParams, algorithm: ImportAlgorithm, extractable: boolean, usages: readonly KeyUsage_2[]): Promise<CryptoKey_2>;
}
export { Crypto_2 as Crypto }

/** Thrown by everything of `Crypto`. Uncaught it is a 500. */
export declare class CryptoError extends Error {
    readonly name: CryptoErrorName;
    constructor(name: CryptoErrorName, message: string);
}

/** Why an operation can't be done, by the names of Web Crypto. */
export declare type CryptoErrorName = 'NotSupportedError' | 'InvalidAccessError' | 'OperationError' | 'DataError' | 'SyntaxError';

/** A handle of a key that the host holds for this mount. */
declare interface CryptoKey_2 {
    readonly type: 'secret' | 'private' | 'public';
    readonly extractable: boolean;
    readonly algorithm: SecretKeyAlgorithm | PairAlgorithm | ImportAlgorithm;
    readonly usages: readonly KeyUsage_2[];
    /** What to store: means nothing outside this mount. Some hundred bytes more than the material. */
    readonly sealed: Uint8Array;
}
export { CryptoKey_2 as CryptoKey }

/** Both halves. Usages are shared out as each half can have them. */
declare interface CryptoKeyPair_2 {
    readonly publicKey: CryptoKey_2;
    readonly privateKey: CryptoKey_2;
}
export { CryptoKeyPair_2 as CryptoKeyPair }

export declare type CurveName = 'P-256' | 'P-384' | 'P-521';

/**
 * Decodes bytes.
 * @throws RangeError for anything that is not well-formed UTF-8: overlong forms, surrogates, points over U+10FFFF, cut sequences
 */
export declare function decodeUtf8(bytes: Uint8Array): string;

/** As `decodeUtf8`, in any engine. */
export declare function decodeUtf8Portably(bytes: Uint8Array): string;

/** Declares a sink. The host has validated the options against `optionsSchema` before `open` is called. */
export declare function defineAuditSink<Options>(definition: Omit<AuditSinkDefinition<Options>, 'kind'>): AuditSinkDefinition<Options>;

/** Declares an auth method: the default export of a plugin's module. */
export declare function defineAuthMethod(definition: Omit<AuthMethodDefinition, 'kind'>): AuthMethodDefinition;

/** Declares an engine: the default export of a plugin's module. */
export declare function defineEngine(definition: Omit<EngineDefinition, 'kind'>): EngineDefinition;

export declare type DeriveParams = {
    readonly name: 'HKDF';
    readonly hash: HashName;
    readonly salt: Uint8Array;
    readonly info: Uint8Array;
} | {
    readonly name: 'PBKDF2';
    readonly hash: HashName;
    readonly salt: Uint8Array;
    readonly iterations: number;
} | {
    readonly name: 'ECDH' | 'X25519';
    readonly public: CryptoKey_2;
};

/** A length of time, in whole seconds; accepts a number, decimal text, or Go's form ("1h30m", "2d"). */
declare function duration(options?: FieldOptions): Schema<number>;

/** Encodes text; a lone surrogate becomes U+FFFD, as TextEncoder has it. */
export declare function encodeUtf8(text: string): Uint8Array;

/**
 * UTF-8 in any engine, without what it may bring for it.
 *
 * @source RFC 3629
 */
/** As `encodeUtf8`, in any engine. */
export declare function encodeUtf8Portably(text: string): Uint8Array;

/** An engine as the host sees it. */
export declare interface EngineDefinition {
    readonly kind: 'engine';
    readonly name: string;
    readonly version: string;
    /** `node`: runs in threads only. */
    readonly needs?: readonly 'node'[];
    /** Templates of paths below the mount: `{name}` is one segment, `{name+}` the rest. The most literal template wins. */
    readonly routes: Readonly<Record<string, Route>>;
    /** Work that the host starts by itself, for each mount. */
    readonly jobs?: Readonly<Record<string, Job>>;
    /**
     * What brings a mount's storage to a version (its key, `major.minor.patch`), each a transaction of its own: run once for each mount, in the
     * order of versions, for those above the version that the mount was last served by, before any call.
     */
    readonly migrations?: Readonly<Record<string, (ctx: Context) => Promise<void> | void>>;
    /** Kinds of leases that its operations ask for. */
    readonly leases?: Readonly<Record<string, LeaseKind>>;
    /** Kinds of credentials that its handlers have rotated by `ctx.rotations`. */
    readonly rotations?: Readonly<Record<string, RotationKind<never>>>;
}

/** Field options common to all kinds. */
declare interface FieldOptions {
    readonly description?: string;
}

/** An object schema by its fields: what routes take for bodies and queries. */
declare type Fields = Readonly<Record<string, Schema<unknown>>>;

/**
 * A storage key that an entry names: the host looks up `at` in the JSON of that entry, puts what stands there into `key`, and sends the entry of that
 * key along. It is a guess: where it fails, or the handler wants another entry, the handler asks as it does without.
 */
export declare interface Follow {
    /** One of the operation's `reads`: an entry that is a JSON object or array, or whose first line is, of at most 4 KiB. */
    readonly from: string;
    /** A name of the object, or a position of the array, where a number or a text stands. */
    readonly at: string | number;
    /** Template of the key of the entry that is sent along, if it has at most 64 KiB; `{}` is what was found. */
    readonly key: string;
}

export declare type HashName = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';

/** What a key is imported or derived for: sizes follow from the material, but for derived keys. */
export declare type ImportAlgorithm = {
    readonly name: 'AES-GCM' | 'AES-CBC' | 'AES-KW' | 'ChaCha20-Poly1305' | 'HKDF' | 'PBKDF2' | 'Ed25519' | 'X25519';
} | {
    readonly name: 'HMAC' | 'RSASSA-PKCS1-v1_5' | 'RSA-PSS' | 'RSA-OAEP';
    readonly hash: HashName;
} | {
    readonly name: 'ECDSA' | 'ECDH';
    readonly namedCurve: CurveName;
};

/** The typed value of a schema. */
declare type Infer<S> = S extends Schema<infer T> ? T : never;

/** The typed value of a set of fields; optional ones may be absent. */
declare type InferFields<F extends Fields> = {
    readonly [K in keyof F]: Infer<F[K]>;
};

/** A whole number; accepts decimal text. Bounds are inclusive; default from 0 to 2^53 - 1. */
declare function integer(options?: FieldOptions & {
    readonly minimum?: number;
    readonly maximum?: number;
}): Schema<number>;

/** A list of whole numbers; accepts comma-separated text and texts. */
declare function integerList(options?: FieldOptions): Schema<readonly number[]>;

/** Tells JSON's null from everything else. */
export declare function isJsonNull(node: JsonNode): boolean;

/** Tells a promise, of whichever room. */
export declare function isThenable<T>(given: T | Promise<T>): given is Promise<T>;

/** Work in the background, in transactions of its own; once the engine has been used since the server was unsealed. */
export declare interface Job {
    /** Seconds between the end of one run and the next. */
    readonly every: number;
    /** Does a bounded part of the work; `more` when it is to go on at once, in another transaction. May be restarted, as handlers are. */
    readonly run: (ctx: Context) => Promise<'more' | void> | 'more' | void;
}

/** Whatever JSON can say, with user JSON carried verbatim. */
export declare type Json = null | boolean | number | string | OpaqueJson | readonly Json[] | {
    readonly [name: string]: Json | undefined;
};

/** The deepest nesting of arrays and objects that `parseJson` follows. */
export declare const jsonDepthMax = 512;

/** One value: a scalar as it was written (`1.0`, `"a\u0062"`, `null`), an array, or an object. */
export declare type JsonNode = {
    readonly kind: 'scalar';
    readonly text: string;
} | {
    readonly kind: 'array';
    readonly items: readonly JsonNode[];
} | {
    readonly kind: 'object';
    readonly members: ReadonlyMap<string, JsonNode>;
};

/** How material is written: `raw` secrets and points, `spki` public and `pkcs8` private keys in DER, `jwk` the JSON text of a JWK, in UTF-8. */
declare type KeyFormat_2 = 'raw' | 'spki' | 'pkcs8' | 'jwk';
export { KeyFormat_2 as KeyFormat }

/**
 * Cryptography carried out by the host, in the shape of Web Crypto's `SubtleCrypto`. A key is a handle: what a plugin holds is sealed by the
 * host for its mount, and the material never comes to the plugin unless the key was made extractable and is exported.
 * Handles are kept like any other data: store `key.sealed`, and `ctx.crypto.openKey` makes a key of it again.
 * @source W3C Web Cryptography Level 2
 */
/** What a key may be used for. */
declare type KeyUsage_2 = 'encrypt' | 'decrypt' | 'sign' | 'verify' | 'deriveKey' | 'deriveBits' | 'wrapKey' | 'unwrapKey';
export { KeyUsage_2 as KeyUsage }

/** A kind of lease. */
export declare interface LeaseKind {
    /** Ends what was issued. Must be idempotent: it may run again, and for what was never made. */
    readonly revoke: LeaseStep<never>;
    /** Makes it last longer, by `seconds` from now. Without it renewals change the lease alone; `false`: it can't be renewed. */
    readonly renew?: LeaseStep<never> | false;
}

/** A lease that the host is to keep. */
export declare interface LeaseRequest {
    /** Name of a kind in the engine's `leases`. */
    readonly kind: string;
    /** Seconds; the mount's default when absent, and never more than its maximum. */
    readonly ttl?: number;
    /** Seconds from the issue; the mount's maximum when absent or larger. */
    readonly maxTtl?: number;
    /** What `revoke` and `renew` need to know. Kept encrypted; never shown. */
    readonly data: Json;
}

/** Two of the three steps, for what the host does to a lease. Without `prepare` the plan is the lease's data. */
export declare interface LeaseStep<Plan extends Json> {
    readonly prepare?: (ctx: Context, data: Json, seconds: number) => Now<Plan>;
    readonly execute: (outside: Outside, plan: Plan) => Now<void>;
}

/** Types a step of a lease kind by its plan. */
export declare function leaseStep<Plan extends Json>(step: LeaseStep<Plan>): LeaseStep<never>;

/** What a login says of whoever logged in. Never a token: those are the host's alone to make. */
/** Who logged in, and what their token may do. All durations in seconds; 0 or absent: the mount's, or no bound of this kind. */
export declare interface Login {
    /** The name of the identity within the mount, as lockout and identity know it. */
    readonly alias: string;
    /** For people and logs; the host puts the mount's name before it. */
    readonly displayName: string;
    /** Names of policies, `default` left to the host. `root` is refused. */
    readonly policies: readonly string[];
    /** Kept for the identity's groups. */
    readonly groups?: readonly string[];
    /** Shown with the token. */
    readonly metadata?: Readonly<Record<string, string>>;
    readonly ttl?: number;
    readonly maxTtl?: number;
    readonly explicitMaxTtl?: number;
    readonly period?: number;
    /** Requests that the token is good for; 0: unlimited. */
    readonly numUses?: number;
    /** Addresses that the login and its token may come from, as CIDR blocks; none: any. */
    readonly boundCidrs?: readonly string[];
    readonly noDefaultPolicy?: boolean;
    /** Default `default`: the mount's. A batch token is not stored, not renewed and not limited in its uses. */
    readonly tokenType?: 'default' | 'service' | 'batch';
    /** Default true. */
    readonly renewable?: boolean;
    /** For the method's own `renew`; nobody else sees it. Never a secret. */
    readonly data?: Readonly<Record<string, string>>;
}

/** The settings as a login says them. */
export declare function loginSettings(settings: TokenSettings): Omit<Login, 'alias' | 'displayName'>;

/** The login of a token that is to be renewed, as far as the host kept it. */
export declare interface LoginToRenew {
    readonly alias: string;
    readonly displayName: string;
    /** Those that the login named, without `default`. */
    readonly policies: readonly string[];
    readonly metadata: Readonly<Record<string, string>>;
    readonly data: Readonly<Record<string, string>>;
}

/**
 * Applies a merge patch: members of the patch replace, null removes, objects merge; anything but an object replaces the whole target.
 * @source RFC 7396
 * @throws PluginError `invalid` for malformed or too deep JSON
 */
export declare function mergePatch(target: OpaqueJson, patch: OpaqueJson): OpaqueJson;

/** The mount a handler runs for. */
export declare interface MountInfo {
    /** With its trailing slash: `secret/`. */
    readonly path: string;
    readonly options: Readonly<Record<string, string>>;
}

/** Nothing set. */
export declare const noTokenSettings: TokenSettings;

declare type Now<T> = Promise<T> | T;

/** Makes a field optional and hands an explicit JSON null to the handler: for patches, where null means "back to the default". */
declare function nullable<T>(schema: Schema<T>): Schema<T | null | undefined>;

/** An object with these fields. Unknown fields are ignored, as Vault does. */
declare function object<F extends Fields>(fields: F, options?: FieldOptions): Schema<InferFields<F>>;

/** Names of before Vault 1.2 that clients still send. */
export declare type OldName = 'policies' | 'ttl' | 'max_ttl';

/** User JSON that the engine stores and never looks into without asking: arrives exactly as it was written, null as the text `null`. */
declare function opaque(options?: FieldOptions): Schema<OpaqueJson>;

/**
 * User JSON as it was written. `JSON.parse` loses 12345678901234567890, 1.0 and 1e400 and mistreats `__proto__`; an engine that
 * only stores such data never parses it.
 */
/** JSON text, known to be valid, carried verbatim. The host splices it into answers as it is. */
export declare class OpaqueJson {
    readonly text: string;
    /** @param text valid JSON; the caller vouches for it (the host's scanner, or this module). */
    constructor(text: string);
}

/** One operation of a route. `query` is for read, list, scan and delete; `body` for create, update and patch: a handler's third argument. */
export declare interface Operation<P, I extends Fields> {
    readonly summary?: string;
    readonly input?: I;
    /** Storage keys the handler will surely want, as templates (`meta/{path}`): they travel with the call, so that the usual request is one message each way. */
    readonly reads?: readonly string[];
    /** What those entries lead to travels with the call too: `{ from: 'meta/{path}', at: 'current', key: 'version/{path}/{}' }`. At most 4. */
    readonly follows?: readonly Follow[];
    /** Makes it a login (auth methods only): who is trying, as a template over parameters and fields (`{username}`). See `defineAuthMethod`. */
    readonly alias?: string;
    /** What reaches outside the server is made by `outside` instead. */
    readonly handler: (ctx: Context, params: P, input: InferFields<I>) => Answered;
}

/** Makes a field optional. An explicit JSON null counts as absent, except in opaque fields. */
declare function optional<T>(schema: Schema<T>): Schema<T | undefined>;

/** All that `execute` may touch. */
export declare interface Outside {
    /** @throws PluginError `upstream` when the host is not allowed, can't be reached, or answers too much or too late */
    fetch(request: OutsideRequest): Promise<OutsideResponse>;
    /** Milliseconds since 1970 by the host's clock, when the step began. */
    now(): number;
    readonly crypto: Crypto_2;
    random(size: number): Uint8Array;
    /** One line in the operator's log. Never a secret. */
    log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
}

/** Types the steps of an operation that reaches outside; for the place of a handler in `route`. */
export declare function outside<P, I extends Fields, Plan extends Json, Result extends Json>(operation: OutsideOperation<P, I, Plan, Result>): Operation<P, I>;

/** An operation that reaches outside. */
export declare interface OutsideOperation<P, I extends Fields, Plan extends Json, Result extends Json> {
    readonly summary?: string;
    readonly input?: I;
    /** As for other operations, for `prepare`. */
    readonly reads?: readonly string[];
    readonly follows?: readonly Follow[];
    /** As for other operations: a login that asks another server. Wrong credentials are thrown by any step. */
    readonly alias?: string;
    readonly prepare: (ctx: Context, params: P, input: InferFields<I>) => Now<Prepared<Plan>>;
    readonly execute: (outside: Outside, plan: Plan) => Now<Result>;
    /** Default: answers the result as data. */
    readonly finish?: (ctx: Context, plan: Plan, result: Result) => Now<Reply | undefined>;
}

/** An HTTP request. The host sends it only to the hosts that the mount's config names. */
export declare interface OutsideRequest {
    readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
    /** `https://host[:port]/path`; `http:` only to hosts that the config names with that scheme. */
    readonly url: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Uint8Array;
}

/** Its answer, whatever its status: redirects are followed by nobody. */
export declare interface OutsideResponse {
    readonly status: number;
    /** Names in lower case; several values joined by a comma. */
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
}

/** Keys with two. The public exponent of RSA is 65537. */
export declare type PairAlgorithm = {
    readonly name: 'ECDSA' | 'ECDH';
    readonly namedCurve: CurveName;
} | {
    readonly name: 'Ed25519' | 'X25519';
} | {
    readonly name: 'RSASSA-PKCS1-v1_5' | 'RSA-PSS' | 'RSA-OAEP';
    readonly hash: HashName;
    /** Bits. */
    readonly modulusLength: 2048 | 3072 | 4096;
};

/** The parameters of a route template: `data/{path+}` gives `{ path: string }`. */
export declare type Params<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? {
    readonly [K in Name extends `${infer N}+` ? N : Name]: string;
} & Params<Rest> : unknown;

/**
 * Parses JSON text.
 * @throws PluginError `invalid` for text that is not JSON or is nested deeper than `jsonDepthMax`; quotes nothing of it
 */
export declare function parseJson(text: string): JsonNode;

/** Lengths of time as Vault's clients write them. */
/** Whole seconds of a number, decimal text or Go duration; the value itself when it is none of these. */
export declare function parseSeconds(value: unknown): unknown;

/**
 * Hashes of passwords: argon2id, carried out by the host outside its event loop. Within a request that is restarted, what was
 * computed is not computed again.
 */
export declare interface Passwords {
    /** A salted hash in PHC form (`$argon2id$v=19$…`). The request is refused when the password is empty or no well-formed text. */
    hash(password: string | Secret): Promise<string>;
    /**
     * Whether the hash was made of this password. Without a hash it answers false after the same work: for users that don't exist, so
     * that nobody learns which do.
     */
    verify(password: string | Secret, hash: string | undefined): Promise<boolean>;
}

/** A refusal. The message reaches the client: name the field and the bound, never a secret. */
export declare class PluginError extends Error {
    readonly name = "PluginError";
    readonly code: PluginErrorCode;
    constructor(code: PluginErrorCode, message?: string);
}

/** How a plugin refuses. Crosses to the host as data; anything else that is thrown becomes a 500 and a report in the operator's log. */
/** The codes a plugin may answer with; the host's table maps them to HTTP statuses. `credentials`: of a login, counted by the lockout. */
export declare type PluginErrorCode = 'invalid' | 'credentials' | 'denied' | 'missing' | 'unsupported' | 'precondition' | 'media-type' | 'too-large' | 'upstream';

/** The mount's storage, inside this request's transaction: what a handler wrote, it reads back; nothing is kept unless it returns. */
export declare interface PluginStorage {
    /** The entry's bytes, or undefined. */
    get(key: string): Promise<Uint8Array | undefined>;
    /** The entry's text. Rejects with RangeError when it is not UTF-8. In a component it costs less than to decode what `get` gives. */
    text(key: string): Promise<string | undefined>;
    /** Children of a directory ('' or 'a/b/'), in order, after `after` (exclusive), at most `limit` (default 1,000,000): `x` or `x/`. */
    list(directory: string, after?: string, limit?: number): Promise<readonly string[]>;
    put(key: string, value: Uint8Array): void;
    delete(key: string): void;
    /** What `parse` makes of the entry, kept by the room until the entry changes. The result is shared: never change it. */
    derived<T>(key: string, parse: (value: Uint8Array) => T): Promise<T | undefined>;
}

/** Longest name of a policy, in UTF-16 units. */
export declare const policyNameMax = 256;

/** What `prepare` decides. */
export declare interface Prepared<Plan extends Json> {
    /** Handed to `execute` and `finish`, as JSON. */
    readonly plan: Plan;
    readonly lease?: LeaseRequest;
}

/** Prints a tree without spaces; scalars as they were written. */
export declare function printJson(node: JsonNode): string;

/** What a handler answers. `undefined` is 204 for a write, 404 for a read or list. */
export declare interface Reply {
    readonly data?: Json;
    readonly warnings?: readonly string[];
    /** Default 200. A 404 may carry data (KV v2's deleted versions). */
    readonly status?: number;
    /** The body, as it is, in place of the envelope of `data`: a certificate, a list of revocations. At most 16 MiB. Warnings are not sent. */
    readonly raw?: Uint8Array;
    /**
     * By lower-cased names: those of `replyHeaders` are sent, others where `allowed_response_headers` of the mount names them. `content-type` of `raw`
     * is `application/octet-stream` unless given.
     */
    readonly headers?: Readonly<Record<string, string>>;
    /** The answer may be cached until then (ms since 1970) although the handler read `now()`. */
    readonly validUntil?: number;
    /** Seconds that whoever reads it may use it before asking again, of data that nothing has to end: no lease. 0: the mount's default TTL. */
    readonly leaseDuration?: number;
    /** Of an auth method's login operation: who it is. The host makes the token. */
    readonly login?: Login;
}

/** Headers that every reply may set: none that says who is asked, how long the body is, or what a browser may do. */
export declare const replyHeaders: readonly ['content-type', 'content-disposition', 'cache-control', 'etag', 'last-modified', 'link', 'location', 'replay-nonce', 'retry-after', 'www-authenticate'];

/** Types the steps of a rotation kind by what is kept of a credential. */
export declare function rotation<Data extends Json>(kind: RotationKind<Data>): RotationKind<never>;

/**
 * A kind of credential that stays and is rotated: the host runs the steps, records each before the next, and goes on after a crash where it was. A step
 * that fails is tried again, later and later, with the same new credential; the old one is valid until the new one has been proved and its grace is over.
 */
export declare interface RotationKind<Data extends Json> {
    /** Decides the new credential, in a transaction: from what is kept of the one that is in force. */
    readonly create: (ctx: Context, before: Data) => Now<Data>;
    /** Makes it valid, beside the old one. May run again. */
    readonly set: (outside: Outside, next: Data) => Now<void>;
    /** Proves that it works, or throws. May run again. */
    readonly test: (outside: Outside, next: Data) => Now<void>;
    /** In a transaction: from here on the new one is what readers get. */
    readonly finish: (ctx: Context, next: Data, before: Data) => Now<void>;
    /** Ends a credential that was replaced, or one that was set and never finished. May run again, and for what was never set. */
    readonly retire?: (outside: Outside, old: Data) => Now<void>;
}

/** What is to be rotated. */
export declare interface RotationRequest {
    /** Name of a kind in the engine's `rotations`. */
    readonly kind: string;
    /** Seconds between rotations, at least 1. */
    readonly every: number;
    /** Seconds for which an old credential stays valid; default none. */
    readonly grace?: number;
    /** What `create` needs to know of the credential in force. Kept encrypted; never shown. */
    readonly data: Json;
}

/** What the host rotates for a mount, by names of the plugin's choice (at most 512 characters). Changes are kept with the writes of the same call. */
export declare interface Rotations {
    /** Begins, or changes how often: a rotation that is under way is not disturbed and keeps its data. */
    keep(name: string, rotation: RotationRequest): void;
    /** Makes the next rotation due at once. */
    start(name: string): void;
    /** Ends it. What a rotation under way has set is retired; the credential in force stays. */
    stop(name: string): void;
}

/** A route as the host sees it, its types erased. */
export declare type Route = RouteBase & {
    readonly [V in Verb]?: Operation<never, never>;
};

/** Types a route's handlers from its template and schemas. */
export declare function route<const T extends string, C extends Fields, R extends Fields, U extends Fields, PA extends Fields, D extends Fields, L extends Fields, S extends Fields>(template: T, definition: RouteBase & {
    readonly create?: Operation<Params<T>, C>;
    readonly read?: Operation<Params<T>, R>;
    readonly update?: Operation<Params<T>, U>;
    readonly patch?: Operation<Params<T>, PA>;
    readonly delete?: Operation<Params<T>, D>;
    readonly list?: Operation<Params<T>, L>;
    readonly scan?: Operation<Params<T>, S>;
}): Readonly<Record<T, Route>>;

/** A route: what every operation on it shares. */
export declare interface RouteBase {
    readonly summary: string;
    /** Who may come here at all: `token` (default) is decided by policies, `sudo` needs the sudo capability besides, `public` needs no token. */
    readonly access?: 'public' | 'token' | 'sudo';
    /** Template of the storage key whose presence tells update from create. Without it every write is an update. */
    readonly exists?: string;
    /** Parameters that are names without case: the host lower-cases them in the path, before policies are asked. */
    readonly lowercase?: readonly string[];
}

/** JSON Schema (draft 2020-12 subset) of one field, with the TypeScript type it stands for. */
declare interface Schema<T> {
    readonly json: Readonly<Record<string, unknown>>;
    readonly optional: boolean;
    /** Never set: carries the type. */
    readonly type?: T;
}

export declare namespace schema {
    export {
        string,
        secret,
        integer,
        boolean,
        duration,
        stringList,
        cidrList,
        integerList,
        stringMap,
        opaque,
        body,
        carriesJson,
        object,
        optional,
        nullable,
        Schema,
        FieldOptions,
        Infer,
        Fields,
        InferFields
    }
}

/** Text that must not get anywhere by accident: into a log line, an error's message, an answer, a debugger's list of variables. */
/**
 * A secret text. Whatever prints it without asking gets `<secret>`; as JSON it is refused. Fields of `schema.secret()` arrive as one.
 */
export declare class Secret {
    #private;
    constructor(text: string);
    /** The text. Say it where it is needed, and nowhere before. */
    reveal(): string;
    toString(): string;
    /** @throws TypeError always: an answer that holds a secret says so with `reveal()` */
    toJSON(): never;
}

/** Text that must not be seen: a password, a token. `maxLength` in UTF-16 units. */
declare function secret(options?: FieldOptions & {
    readonly maxLength?: number;
}): Schema<Secret>;

/** Keys with one half. */
export declare type SecretKeyAlgorithm = {
    readonly name: 'AES-GCM' | 'AES-CBC' | 'AES-KW';
    readonly length: 128 | 192 | 256;
} | {
    readonly name: 'ChaCha20-Poly1305';
}
/** `length` in bits, a multiple of 8; default: the hash's block. */
| {
    readonly name: 'HMAC';
    readonly hash: HashName;
    readonly length?: number;
};

export declare type SignatureParams = {
    readonly name: 'HMAC' | 'Ed25519' | 'RSASSA-PKCS1-v1_5';
}
/** Signatures are r then s, each of the curve's size. */
| {
    readonly name: 'ECDSA';
    readonly hash: HashName;
}
/** `saltLength` in bytes. */
| {
    readonly name: 'RSA-PSS';
    readonly saltLength: number;
};

/** Text. `maxLength` in UTF-16 units. */
declare function string(options?: FieldOptions & {
    readonly maxLength?: number;
    readonly oneOf?: readonly string[];
}): Schema<string>;

/**
 * Makes JSON text. Undefined members are dropped, as by `JSON.stringify`; `OpaqueJson` appears verbatim.
 * @throws TypeError for what JSON can't say: functions, symbols, circles, and undefined outside an object
 */
export declare function stringifyJson(value: Json): string;

/** A list of texts; accepts comma-separated text. */
declare function stringList(options?: FieldOptions): Schema<readonly string[]>;

/** Text by text; accepts a list or comma-separated text of `key=value`. */
declare function stringMap(options?: FieldOptions): Schema<Readonly<Record<string, string>>>;

/**
 * Replaces every leaf by null: scalars, arrays and empty objects, and at `depth` levels of keys (0: no limit) objects too.
 * @throws PluginError `invalid` for malformed or too deep JSON
 */
export declare function subkeys(value: OpaqueJson, depth?: number): OpaqueJson;

/** The input fields, for the schema of a role or user. */
export declare const tokenFields: {
    readonly token_policies: Schema<readonly string[] | undefined>;
    readonly token_ttl: Schema<number | undefined>;
    readonly token_max_ttl: Schema<number | undefined>;
    readonly token_explicit_max_ttl: Schema<number | undefined>;
    readonly token_period: Schema<number | undefined>;
    readonly token_num_uses: Schema<number | undefined>;
    readonly token_bound_cidrs: Schema<readonly string[] | undefined>;
    readonly token_no_default_policy: Schema<boolean | undefined>;
    readonly token_type: Schema<string | undefined>;
    readonly policies: Schema<readonly string[] | undefined>;
    readonly ttl: Schema<number | undefined>;
    readonly max_ttl: Schema<number | undefined>;
};

/** What the fields carry. */
export declare type TokenInput = {
    readonly [K in keyof typeof tokenFields]?: (typeof tokenFields)[K] extends Schema<infer T> ? T : never;
};

/** Most policies of one role or user. */
export declare const tokenPoliciesMax = 256;

/** What the tokens of a role or user may do. Durations in seconds, 0: not set. */
export declare interface TokenSettings {
    /** Lower-cased, each once, in order. */
    readonly policies: readonly string[];
    readonly ttl: number;
    readonly maxTtl: number;
    readonly explicitMaxTtl: number;
    readonly period: number;
    readonly numUses: number;
    readonly boundCidrs: readonly string[];
    readonly noDefaultPolicy: boolean;
    readonly type: 'default' | 'service' | 'batch';
    /** Which of the old names (`policies`, `ttl`, `max_ttl`) it was set by: those are shown too. */
    readonly oldNames: readonly OldName[];
}

/** The settings as a read of the role or user answers them. */
export declare function tokenSettingsData(settings: TokenSettings): Readonly<Record<string, Json>>;

/** Most uses that a token can be limited to. */
export declare const tokenUsesMax = 1000000000;

/** Going on with what is already there. */
/**
 * What `promise.then(use)` does, at once where that can be: with a value, or with a promise of which the room can see that it is fulfilled. What a
 * component reads of the entries that came with its call costs a fifth of an `await` so. For the paths that are used most; elsewhere `await`
 * reads better.
 * @throws what `use` throws, if it runs at once
 */
export declare function upon<T, R>(given: T | Promise<T>, use: (value: T) => R): R | Promise<Awaited<R>>;

/** Counts the bytes that `encodeUtf8` would make. */
export declare function utf8Length(text: string): number;

/** One of `verbs`. */
export declare type Verb = (typeof verbs)[number];

/** The verbs a route can have. `update` serves create too unless `create` is given. */
export declare const verbs: readonly ['create', 'read', 'update', 'patch', 'delete', 'list', 'scan'];

export declare type WrapParams = CipherParams | {
    readonly name: 'AES-KW';
};

export { }
