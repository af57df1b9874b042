// Made by npm run surface; a test compares it with the source.

declare type Answer = Pick<AnswerMessage, 'hash' | 'fits'>;

/** What a handler gives, at once or later. Nothing: 204 for a write, 404 for a read or list. */
declare type Answered = Promise<Reply | undefined | void> | Reply | undefined | void;

/** Answers a worker's question. */
declare interface AnswerMessage {
    readonly kind: 'answer';
    readonly call: number;
    readonly question: number;
    readonly entry?: PrefetchedEntry;
    readonly names?: readonly string[];
    readonly response?: OutsideResponse;
    /** Why there is no response. */
    readonly refused?: string;
    readonly hash?: string;
    readonly fits?: boolean;
    /** Of crypto: a result, a handle, or two; or else why not. */
    readonly out?: readonly Uint8Array[];
    readonly error?: {
        readonly name: string;
        readonly message: string;
    };
    /** The transaction has to restart: the handler's result will not be used. */
    readonly restart?: true;
}

/** The contract of an audit sink: takes whole lines, in order. */
/** A running sink. Calls never overlap, but `sync`, beside which lines are appended, and `close`, which comes last. */
declare interface AuditSink {
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

/** Registers the suite. */
export declare function auditSinkContract(name: string, prepare: () => Promise<SinkUnderTest>): void;

/** Registers the suite. */
export declare function authMethodContract(name: string, under: AuthMethodUnderTest): void;

/** An auth method as the host sees it. */
declare interface AuthMethodDefinition extends Omit<EngineDefinition, 'kind'> {
    readonly kind: 'auth-method';
    /**
     * Checks, at the renewal of a token, that whoever logged in would still be let in, and says what the token may do from now on: its
     * policies and limits are replaced. Throws to refuse. It may read storage, like any handler.
     */
    readonly renew: (ctx: Context, login: LoginToRenew) => Promise<Login> | Login;
}

/** A method, and one identity that it lets in. */
export declare interface AuthMethodUnderTest {
    readonly method: AuthMethodDefinition;
    /** Makes the identity, with these policies; again to change them. */
    readonly allow: (mount: TestMount, policies: readonly string[]) => Promise<void>;
    /** Removes it. */
    readonly remove: (mount: TestMount) => Promise<void>;
    readonly right: LoginTry;
    /** Of the same identity, with wrong credentials. */
    readonly wrong: LoginTry;
    /** Of an identity that doesn't exist. */
    readonly unknown: LoginTry;
}

/** Who is calling, as far as an engine may know. */
declare interface Caller {
    readonly displayName: string;
    readonly entityId: string;
    readonly policies: readonly string[];
    /** Headers of the request by their lower-cased names: those that `passthrough_request_headers` of the mount names. */
    readonly headers: Readonly<Record<string, string>>;
}

/** Runs a handler or a step. */
declare interface CallMessage {
    readonly kind: 'call';
    readonly call: number;
    readonly phase: Phase;
    /** What is run, in phases that no route leads to. */
    readonly name?: string;
    /** JSON text of what earlier steps gave: the plan; for `finish` an array of plan and result; for `*-prepare` the lease's data; for the steps of a rotation what is kept of
     * the credential, for `rotation-finish` an array of the new and the old; for
     * `login-renew` a `LoginToRenew`. */
    readonly carried?: string;
    /** Seconds that a renewal adds. */
    readonly seconds?: number;
    readonly mountId: string;
    /** JSON text of a `MountInfo`: the host makes it once per mount, and a text crosses faster than an object. */
    readonly mount: string;
    readonly template: string;
    readonly verb: Verb;
    readonly params: Readonly<Record<string, string>>;
    /** Fields of user JSON travel as their text. */
    readonly input: Readonly<Record<string, unknown>>;
    readonly now: number;
    /** JSON text of a `Caller`. */
    readonly caller: string;
    readonly entries: readonly PrefetchedEntry[];
}

/** What a call looked at. */
export declare interface CallTrace {
    /** It read the clock, the caller or randomness: its answer is cacheable only if it says `validUntil`. */
    readonly uncacheable: boolean;
    /** Storage keys and directories that it asked for, in order: those that the operation's `reads` and `follows` name had come with the call. */
    readonly asked: readonly string[];
}

declare type CipherParams = 
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
declare interface Context {
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

/** A handle of a key that the host holds for this mount. */
declare interface CryptoKey_2 {
    readonly type: 'secret' | 'private' | 'public';
    readonly extractable: boolean;
    readonly algorithm: SecretKeyAlgorithm | PairAlgorithm | ImportAlgorithm;
    readonly usages: readonly KeyUsage_2[];
    /** What to store: means nothing outside this mount. Some hundred bytes more than the material. */
    readonly sealed: Uint8Array;
}

/** Both halves. Usages are shared out as each half can have them. */
declare interface CryptoKeyPair_2 {
    readonly publicKey: CryptoKey_2;
    readonly privateKey: CryptoKey_2;
}

/** The operations of `Crypto` that the host carries out. */
declare const cryptoOperations: readonly ['generateKey', 'importKey', 'exportKey', 'encrypt', 'decrypt', 'sign', 'verify', 'digest', 'deriveBits', 'deriveKey', 'wrapKey', 'unwrapKey'];

/** What a handler asks about keys. Each operation reads what Web Crypto gives it. */
declare interface CryptoQuestion {
    readonly kind: 'crypto';
    readonly op: (typeof cryptoOperations)[number];
    /** Of the operation, without bytes and keys. */
    readonly params?: Readonly<Record<string, unknown>>;
    /** Of the key that is made. */
    readonly algorithm?: Readonly<Record<string, unknown>>;
    readonly extractable?: boolean;
    readonly usages?: readonly string[];
    readonly format?: string;
    /** Bits. */
    readonly length?: number;
    /** Data, handles, and what of the parameters is bytes, by name. */
    readonly bytes: Readonly<Record<string, Uint8Array>>;
}

declare type CurveName = 'P-256' | 'P-384' | 'P-521';

declare type DeriveParams = {
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

/** Registers the suite. */
export declare function engineContract(plugin: Plugin_2, under: EngineUnderTest): void;

/** An engine as the host sees it. */
declare interface EngineDefinition {
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

/** A request, as a client sends it, after those before it. */
export declare interface EngineExample {
    readonly verb: Verb;
    /** Below the mount. */
    readonly path: string;
    readonly input?: TestInput;
    /** What it answers. */
    readonly data?: unknown;
    /** It is to be refused. */
    readonly refused?: PluginErrorCode;
    /** It is to fail with an error that is no refusal: a client's 500. */
    readonly fails?: boolean;
}

/** A whole engine. */
declare interface EngineOutline {
    readonly name: string;
    readonly version: string;
    readonly routes: Readonly<Record<string, RouteOutline>>;
    readonly leases: Readonly<Record<string, LeaseOutline>>;
    readonly rotations: Readonly<Record<string, RotationOutline>>;
    /** Seconds between the runs of each job. */
    readonly jobs: Readonly<Record<string, number>>;
    /** Versions that have a migration. */
    readonly migrations: readonly string[];
}

/** An engine with what its tests need. */
export declare interface EngineUnderTest {
    /** In order, on one mount. Each operation of the engine is to be among them. */
    readonly examples: readonly EngineExample[];
    /** How it is mounted; asked for each mount anew. */
    readonly mount?: () => TestMountOptions;
    /** Names of what the engine has made outside and not removed. */
    readonly outside?: () => readonly string[] | Promise<readonly string[]>;
    /** Storage as the version before the first migration left it, as text by key. */
    readonly before?: Readonly<Record<string, string>>;
}

/** What was committed: bytes by key. */
export declare type Entries = ReadonlyMap<string, Uint8Array>;

/** JSON Schema of one input field. */
declare interface FieldOutline {
    readonly json: Readonly<Record<string, unknown>>;
    readonly optional: boolean;
}

/** An object schema by its fields: what routes take for bodies and queries. */
declare type Fields = Readonly<Record<string, Schema<unknown>>>;

/**
 * A storage key that an entry names: the host looks up `at` in the JSON of that entry, puts what stands there into `key`, and sends the entry of that
 * key along. It is a guess: where it fails, or the handler wants another entry, the handler asks as it does without.
 */
declare interface Follow {
    /** One of the operation's `reads`: an entry that is a JSON object or array, or whose first line is, of at most 4 KiB. */
    readonly from: string;
    /** A name of the object, or a position of the array, where a number or a text stands. */
    readonly at: string | number;
    /** Template of the key of the entry that is sent along, if it has at most 64 KiB; `{}` is what was found. */
    readonly key: string;
}

/** From a worker. */
declare type FromWorker = {
    readonly kind: 'ready';
    readonly outline: EngineOutline;
} | {
    readonly kind: 'question';
    readonly call: number;
    readonly question: number;
    readonly ask: Question;
} | {
    readonly kind: 'log';
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly message: string;
    readonly mountId: string;
} | {
    readonly kind: 'failure';
    readonly call: number;
    readonly code: PluginErrorCode | 'internal';
    readonly message: string;
    readonly report?: string;
    /** Other mounts paid for this fault, and the mount waits if it comes again: its instance is gone (said once of each), or it answered too much. */
    readonly costly?: boolean;
} | ReplyMessage;

declare type HashName = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';

/** What a key is imported or derived for: sizes follow from the material, but for derived keys. */
declare type ImportAlgorithm = {
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

/** Work in the background, in transactions of its own; once the engine has been used since the server was unsealed. */
declare interface Job {
    /** Seconds between the end of one run and the next. */
    readonly every: number;
    /** Does a bounded part of the work; `more` when it is to go on at once, in another transaction. May be restarted, as handlers are. */
    readonly run: (ctx: Context) => Promise<'more' | void> | 'more' | void;
}

/** Whatever JSON can say, with user JSON carried verbatim. */
declare type Json = null | boolean | number | string | OpaqueJson | readonly Json[] | {
    readonly [name: string]: Json | undefined;
};

/** How material is written: `raw` secrets and points, `spki` public and `pkcs8` private keys in DER, `jwk` the JSON text of a JWK, in UTF-8. */
declare type KeyFormat_2 = 'raw' | 'spki' | 'pkcs8' | 'jwk';

/**
 * Cryptography carried out by the host, in the shape of Web Crypto's `SubtleCrypto`. A key is a handle: what a plugin holds is sealed by the
 * host for its mount, and the material never comes to the plugin unless the key was made extractable and is exported.
 * Handles are kept like any other data: store `key.sealed`, and `ctx.crypto.openKey` makes a key of it again.
 * @source W3C Web Cryptography Level 2
 */
/** What a key may be used for. */
declare type KeyUsage_2 = 'encrypt' | 'decrypt' | 'sign' | 'verify' | 'deriveKey' | 'deriveBits' | 'wrapKey' | 'unwrapKey';

/** How long leases last. */
/** Bounds of a mount, in seconds. */
export declare interface LeaseBounds {
    readonly defaultTtl: number;
    readonly maxTtl: number;
}

/** A kind of lease. */
declare interface LeaseKind {
    /** Ends what was issued. Must be idempotent: it may run again, and for what was never made. */
    readonly revoke: LeaseStep<never>;
    /** Makes it last longer, by `seconds` from now. Without it renewals change the lease alone; `false`: it can't be renewed. */
    readonly renew?: LeaseStep<never> | false;
}

/** A kind of lease. */
declare interface LeaseOutline {
    readonly renewable: boolean;
    /** Renewing reaches outside; otherwise it changes the lease alone. */
    readonly renews: boolean;
}

/** Two of the three steps, for what the host does to a lease. Without `prepare` the plan is the lease's data. */
declare interface LeaseStep<Plan extends Json> {
    readonly prepare?: (ctx: Context, data: Json, seconds: number) => Now<Plan>;
    readonly execute: (outside: Outside, plan: Plan) => Now<void>;
}

/** What a login says of whoever logged in. Never a token: those are the host's alone to make. */
/** Who logged in, and what their token may do. All durations in seconds; 0 or absent: the mount's, or no bound of this kind. */
declare interface Login {
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

/** The login of a token that is to be renewed, as far as the host kept it. */
declare interface LoginToRenew {
    readonly alias: string;
    readonly displayName: string;
    /** Those that the login named, without `default`. */
    readonly policies: readonly string[];
    readonly metadata: Readonly<Record<string, string>>;
    readonly data: Readonly<Record<string, string>>;
}

/** A login as a client sends it. */
export declare interface LoginTry {
    /** Below the mount. */
    readonly path: string;
    readonly input: Readonly<Record<string, unknown>>;
}

/** Hashes that a mount asked for. */
export declare class MemoryPasswords {
    #private;
    /** How many passwords were hashed or verified: what they cost. */
    computed: number;
    /** Answers one call: each question is computed once, however often the call is restarted. @throws PluginError as the host refuses */
    forCall(): (question: PasswordQuestion) => Answer;
}

/** The mount a handler runs for. */
declare interface MountInfo {
    /** With its trailing slash: `secret/`. */
    readonly path: string;
    readonly options: Readonly<Record<string, string>>;
}

declare type Now<T> = Promise<T> | T;

/**
 * User JSON as it was written. `JSON.parse` loses 12345678901234567890, 1.0 and 1e400 and mistreats `__proto__`; an engine that
 * only stores such data never parses it.
 */
/** JSON text, known to be valid, carried verbatim. The host splices it into answers as it is. */
declare class OpaqueJson {
    readonly text: string;
    /** @param text valid JSON; the caller vouches for it (the host's scanner, or this module). */
    constructor(text: string);
}

/** Makes what takes the messages of a room. */
export declare type OpenRoom = (room: Room) => {
    receive(message: ToWorker): void;
};

/** One operation of a route. `query` is for read, list, scan and delete; `body` for create, update and patch: a handler's third argument. */
declare interface Operation<P, I extends Fields> {
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

/** One operation of a route. */
declare interface OperationOutline {
    readonly summary: string;
    readonly input: Readonly<Record<string, FieldOutline>>;
    readonly reads: readonly string[];
    /** Absent: none. */
    readonly follows?: readonly Follow[];
    /** It has the three steps of `outside`. */
    readonly outside: boolean;
    /** Of a login: who is trying, as a template. */
    readonly alias?: string;
}

/** All that `execute` may touch. */
declare interface Outside {
    /** @throws PluginError `upstream` when the host is not allowed, can't be reached, or answers too much or too late */
    fetch(request: OutsideRequest): Promise<OutsideResponse>;
    /** Milliseconds since 1970 by the host's clock, when the step began. */
    now(): number;
    readonly crypto: Crypto_2;
    random(size: number): Uint8Array;
    /** One line in the operator's log. Never a secret. */
    log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
}

/** An HTTP request. The host sends it only to the hosts that the mount's config names. */
declare interface OutsideRequest {
    readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
    /** `https://host[:port]/path`; `http:` only to hosts that the config names with that scheme. */
    readonly url: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Uint8Array;
}

/** Its answer, whatever its status: redirects are followed by nobody. */
declare interface OutsideResponse {
    readonly status: number;
    /** Names in lower case; several values joined by a comma. */
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
}

/** Keys with two. The public exponent of RSA is 65537. */
declare type PairAlgorithm = {
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

/** What a handler asks about passwords. Without `hash` to verify against, the work is the same and the answer no. */
declare type PasswordQuestion = {
    readonly kind: 'hash-password';
    readonly password: string;
} | {
    readonly kind: 'verify-password';
    readonly password: string;
    readonly hash: string | undefined;
};

/**
 * Hashes of passwords: argon2id, carried out by the host outside its event loop. Within a request that is restarted, what was
 * computed is not computed again.
 */
declare interface Passwords {
    /** A salted hash in PHC form (`$argon2id$v=19$…`). The request is refused when the password is empty or no well-formed text. */
    hash(password: string | Secret): Promise<string>;
    /**
     * Whether the hash was made of this password. Without a hash it answers false after the same work: for users that don't exist, so
     * that nobody learns which do.
     */
    verify(password: string | Secret, hash: string | undefined): Promise<boolean>;
}

/**
 * What a call runs: a handler; a step of an operation that reaches outside; one for a lease, whose kind is then in `name`; the job or the migration
 * that `name` says; an auth method's check of a login whose token is to be renewed.
 * Those in which nothing but `fetch` may be asked are named by `outsidePhases`.
 */
declare type Phase = 'handle' | 'prepare' | 'execute' | 'finish' | 'revoke-prepare' | 'revoke' | 'renew-prepare' | 'renew' | 'login-renew' | 'rotation-create' | 'rotation-set' | 'rotation-test' | 'rotation-finish' | 'rotation-retire' | 'job' | 'migrate';

/** A plugin whose calls a mount takes. */
declare type Plugin_2 = EngineDefinition | AuthMethodDefinition;
export { Plugin_2 as Plugin }

/** How a plugin refuses. Crosses to the host as data; anything else that is thrown becomes a 500 and a report in the operator's log. */
/** The codes a plugin may answer with; the host's table maps them to HTTP statuses. `credentials`: of a login, counted by the lockout. */
declare type PluginErrorCode = 'invalid' | 'credentials' | 'denied' | 'missing' | 'unsupported' | 'precondition' | 'media-type' | 'too-large' | 'upstream';

/** The mount's storage, inside this request's transaction: what a handler wrote, it reads back; nothing is kept unless it returns. */
declare interface PluginStorage {
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

/** One storage entry on its way to a worker. `revision` lets the worker keep what it parsed. */
declare interface PrefetchedEntry {
    readonly key: string;
    readonly revision: number;
    readonly value: Uint8Array | undefined;
}

/** What a handler asks of the host. */
declare type Question = {
    readonly kind: 'get';
    readonly key: string;
} | {
    readonly kind: 'list';
    readonly directory: string;
    readonly after: string;
    readonly limit: number;
} | {
    readonly kind: 'fetch';
    readonly request: OutsideRequest;
} | PasswordQuestion | CryptoQuestion;

/** What a handler answers. `undefined` is 204 for a write, 404 for a read or list. */
declare interface Reply {
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

/** A finished handler. */
declare interface ReplyMessage {
    readonly kind: 'reply';
    readonly call: number;
    /** Absent: the handler answered `undefined`. */
    readonly reply?: {
        /** JSON text of `data`; absent for none. */
        readonly data?: string;
        /** Bytes in place of the envelope. */
        readonly raw?: Uint8Array;
        readonly headers?: Readonly<Record<string, string>>;
        readonly warnings?: readonly string[];
        readonly status?: number;
        readonly validUntil?: number;
        readonly leaseDuration?: number;
        readonly login?: Login;
    };
    /** JSON text: the plan of `prepare`, the result of `execute`. */
    readonly carried?: string;
    /** A job wants to go on at once. */
    readonly more?: boolean;
    /** What `prepare` asks for; `data` is JSON text. */
    readonly lease?: {
        readonly kind: string;
        readonly ttl?: number;
        readonly maxTtl?: number;
        readonly data: string;
    };
    readonly rotations?: readonly RotationChange[];
    readonly writes: readonly {
        readonly key: string;
        readonly value: Uint8Array | undefined;
    }[];
    /** The handler read the clock, the caller or randomness. */
    readonly uncacheable: boolean;
}

/** A call that gives another result when it is begun anew: not the plugin's refusal, but a fault of it. */
export declare class RestartError extends Error {
    readonly name = "RestartError";
}

/** What a room gives to those who run in it. */
declare interface Room {
    /** Sends a message to the host. */
    send(message: FromWorker): void;
    /** Sends a handler's reply that has data and no more than these of its fields, and nothing was written. For rooms where messages are dear. */
    sendUsual?(call: number, uncacheable: boolean, data: string | undefined, reply: Pick<Reply, 'status' | 'validUntil' | 'leaseDuration'>): void;
    /** Random bytes that an adversary can't predict. */
    random(size: number): Uint8Array;
    /** What a promise has been fulfilled with, in rooms that can look into theirs: it need not be waited for. */
    fulfilled?<T>(promise: Promise<T>): {
        readonly value: T;
    } | undefined;
}

/** A change of what the host rotates; `data` is JSON text. */
declare type RotationChange = {
    readonly change: 'keep';
    readonly name: string;
    readonly kind: string;
    readonly every: number;
    readonly grace: number;
    readonly data: string;
} | {
    readonly change: 'start' | 'stop';
    readonly name: string;
};

/**
 * A kind of credential that stays and is rotated: the host runs the steps, records each before the next, and goes on after a crash where it was. A step
 * that fails is tried again, later and later, with the same new credential; the old one is valid until the new one has been proved and its grace is over.
 */
declare interface RotationKind<Data extends Json> {
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

/** A kind of rotated credential. */
declare interface RotationOutline {
    /** Old ones are ended. */
    readonly retires: boolean;
}

/** What is to be rotated. */
declare interface RotationRequest {
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
declare interface Rotations {
    /** Begins, or changes how often: a rotation that is under way is not disturbed and keeps its data. */
    keep(name: string, rotation: RotationRequest): void;
    /** Makes the next rotation due at once. */
    start(name: string): void;
    /** Ends it. What a rotation under way has set is retired; the credential in force stays. */
    stop(name: string): void;
}

/** A route as the host sees it, its types erased. */
declare type Route = RouteBase & {
    readonly [V in Verb]?: Operation<never, never>;
};

/** A route: what every operation on it shares. */
declare interface RouteBase {
    readonly summary: string;
    /** Who may come here at all: `token` (default) is decided by policies, `sudo` needs the sudo capability besides, `public` needs no token. */
    readonly access?: 'public' | 'token' | 'sudo';
    /** Template of the storage key whose presence tells update from create. Without it every write is an update. */
    readonly exists?: string;
    /** Parameters that are names without case: the host lower-cases them in the path, before policies are asked. */
    readonly lowercase?: readonly string[];
}

/** One route. */
declare interface RouteOutline {
    readonly template: string;
    readonly summary: string;
    readonly access: 'public' | 'token' | 'sudo';
    readonly exists: string | undefined;
    readonly lowercase: readonly string[];
    readonly verbs: {
        readonly [V in Verb]?: OperationOutline;
    };
}

/** Has the mounts of a plugin run it in another room: for hosts that test theirs. */
export declare function runIn(plugin: Plugin_2, open: OpenRoom): void;

/** JSON Schema (draft 2020-12 subset) of one field, with the TypeScript type it stands for. */
declare interface Schema<T> {
    readonly json: Readonly<Record<string, unknown>>;
    readonly optional: boolean;
    /** Never set: carries the type. */
    readonly type?: T;
}

/** Text that must not get anywhere by accident: into a log line, an error's message, an answer, a debugger's list of variables. */
/**
 * A secret text. Whatever prints it without asking gets `<secret>`; as JSON it is refused. Fields of `schema.secret()` arrive as one.
 */
declare class Secret {
    #private;
    constructor(text: string);
    /** The text. Say it where it is needed, and nowhere before. */
    reveal(): string;
    toString(): string;
    /** @throws TypeError always: an answer that holds a secret says so with `reveal()` */
    toJSON(): never;
}

/** Keys with one half. */
declare type SecretKeyAlgorithm = {
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

declare type SignatureParams = {
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

/** One sink under test, over a place of its own. */
export declare interface SinkUnderTest {
    /** Opens the sink; again for the same place, after a close, where `restarts` is true. */
    readonly open: () => Promise<AuditSink>;
    /** Everything that was written so far. */
    readonly written: () => Promise<string>;
    /** Makes the next append fail after so many bytes; undefined where the sink cannot be made to. */
    readonly failNext?: (bytes: number) => void;
    /** What was written is still there for the next run: `lastLine` finds it. */
    readonly restarts: boolean;
    readonly remove: () => Promise<void>;
}

/** Answers the requests of `execute`, `revoke` and `renew`. What it throws is no answer: the plugin sees `upstream`. */
export declare type TestFetch = (request: OutsideRequest) => Promise<OutsideResponse> | OutsideResponse;

/** What a client sends: data, `OpaqueJson` for text that is to arrive as it is. */
export declare type TestInput = Readonly<Record<string, unknown>>;

/** A lease. Moments in milliseconds since 1970. */
export declare interface TestLease {
    readonly id: string;
    /** As the plugin calls it. */
    readonly kind: string;
    /** What `revoke` and `renew` are given. */
    readonly data: unknown;
    /** `pending` until `finish` has answered; `ending` from the moment it was given up. */
    readonly state: 'pending' | 'active' | 'ending';
    readonly renewable: boolean;
    readonly expiresAt: number;
    /** No renewal goes beyond. */
    readonly maxAt: number;
    /** Why it could not be ended yet. */
    readonly failure?: string;
}

/** One mount. */
export declare class TestMount {
    #private;
    /** Of the last call that reached a handler. */
    trace: CallTrace;
    /** @throws PluginError for templates that contradict each other */
    constructor(plugin: Plugin_2, mount?: TestMountOptions);
    /** The host's clock: milliseconds since 1970. Setting it makes nothing happen; `advance` does. */
    get now(): number;
    set now(now: number);
    /** Answers what the plugin asks outside. */
    get fetch(): TestFetch;
    set fetch(fetch: TestFetch);
    /** What was hashed and verified. */
    get passwords(): MemoryPasswords;
    /** What was committed. */
    get entries(): Entries;
    /** Leases that are not known to be ended. */
    get leases(): readonly TestLease[];
    /** What is rotated. */
    get rotations(): readonly TestRotation[];
    /** What the plugin logged, line by line. */
    get log(): readonly string[];
    /** Writes an entry, or deletes it, as if the plugin had: what an older version left, or a damage. */
    put(key: string, value: Uint8Array | undefined): void;
    /** Tells whether a write to the path would be an update (true) or a create. */
    exists(path: string): boolean;
    /**
     * Sends a request to a path below the mount. Whether a write is a create or an update is decided as in a server.
     * @returns nothing where a client would get an empty answer: 204 for a write, 404 for a read or list
     * @throws PluginError with the code and message that a client would get; Error for faults of the plugin; RestartError
     */
    call(verb: Verb, path: string, input?: TestInput): Promise<TestReply | undefined>;
    /** The data of `call`'s reply; undefined when there is none. */
    data(verb: Verb, path: string, input?: TestInput): Promise<unknown>;
    /** Who would be trying by this login, and who may. @throws Error when no login is there */
    loginOf(path: string, input: TestInput): {
        readonly access: string;
        readonly alias: string;
    };
    /** Logs in. @throws Error when the handler answers no login; whatever `call` throws */
    logIn(path: string, input: TestInput): Promise<Login>;
    /** Asks an auth method whether the token of a login may be renewed. @throws whatever it throws */
    renew({ alias, displayName, policies, metadata, data }: Login): Promise<Login>;
    /** Revokes a lease before its time. @throws what `revoke` throws: it is tried again when time passes */
    revokeLease({ id }: TestLease): Promise<void>;
    /** Renews a lease, by seconds from now (0: what it was issued for), up to its maximum. @throws PluginError `invalid` when it can't be; what `renew` throws */
    renewLease({ id, kind }: TestLease, seconds: number): Promise<TestLease>;
    /** Does what is due of a rotation. @throws what its steps throw: they are tried again when time passes */
    rotate(name: string): Promise<void>;
    /** Runs a job until it has nothing more to do. @returns its transactions @throws Error when it does not end; what it throws */
    runJob(name: string): Promise<number>;
    /**
     * Lets time pass: ends the leases that become due, rotates, and runs the jobs, each at its moment. Leases that can't be ended stay in `leases`, with their
     * `failure`, and are tried again later and later; so are rotations, in `rotations`.
     * @throws what a job throws
     */
    advance(seconds: number): Promise<void>;
    /**
     * Serves the mount by another version of the plugin from now on, its migrations first, in order.
     * @throws Error for a version that is older; what a migration throws
     */
    upgrade(plugin: Plugin_2): Promise<void>;
}

/** How a plugin is mounted; all optional. */
export declare interface TestMountOptions {
    /** With its trailing slash; default `test/`. */
    readonly path?: string;
    /** Of the mount's config. */
    readonly options?: Readonly<Record<string, string>>;
    /** Who calls. */
    readonly caller?: Partial<Caller>;
    /** Answers what `execute`, `revoke` and `renew` ask outside; by default no host is allowed. */
    readonly fetch?: TestFetch;
    /** Seconds; default 768 hours. */
    readonly defaultLeaseTtl?: number;
    readonly maxLeaseTtl?: number;
    /** false: calls are run once, which is faster, and hides what can't stand a restart. */
    readonly restarts?: boolean;
}

/** An answer, as it left the plugin. */
export declare class TestReply {
    #private;
    /** As a client would parse it. */
    readonly data?: unknown;
    /** Bytes in place of the envelope. */
    readonly raw?: Uint8Array;
    readonly headers?: Readonly<Record<string, string>>;
    readonly warnings?: readonly string[];
    readonly status?: number;
    readonly validUntil?: number;
    readonly leaseDuration?: number;
    readonly login?: Login;
    readonly lease?: TestLease;
    constructor({ data, ...plain }: NonNullable<ReplyMessage['reply']>, lease: TestLease | undefined);
    /** The data as JSON text, byte for byte as clients get it. */
    get text(): string | undefined;
}

/** A rotated credential. Moments in milliseconds since 1970. */
export declare interface TestRotation {
    readonly name: string;
    /** As the plugin calls it. */
    readonly kind: string;
    /** What is kept of the credential in force. */
    readonly data: unknown;
    /** How far the next one has come; `stopped`: what is left is to be retired. */
    readonly step: 'idle' | 'created' | 'set' | 'tested' | 'stopped';
    readonly nextAt: number;
    /** What is kept of credentials that are still to be retired. */
    readonly retiring: readonly unknown[];
    /** Why the step could not be done yet. */
    readonly failure?: string;
}

/** From the host. */
declare type ToWorker = CallMessage | AnswerMessage;

/** One of `verbs`. */
declare type Verb = (typeof verbs)[number];

/** The verbs a route can have. `update` serves create too unless `create` is given. */
declare const verbs: readonly ['create', 'read', 'update', 'patch', 'delete', 'list', 'scan'];

declare type WrapParams = CipherParams | {
    readonly name: 'AES-KW';
};

export { }
