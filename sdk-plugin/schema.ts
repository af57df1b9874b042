/**
 * A small typed builder of JSON Schema. From one value come the host's validation (ajv), the handler's TypeScript types,
 * OpenAPI and help. Vault's clients send `"1h"`, `3600` and `"3600"` for the same duration and `"a,b"` for a list: the `format`
 * of a field says what the host accepts; what a handler sees is always the one typed form.
 */
import type { OpaqueJson } from './json.ts';
import type { Secret } from './secret.ts';

/** JSON Schema (draft 2020-12 subset) of one field, with the TypeScript type it stands for. */
export interface Schema<T> {
  readonly json: Readonly<Record<string, unknown>>;
  readonly optional: boolean;
  /** Never set: carries the type. */
  readonly type?: T;
}

/** Field options common to all kinds. */
export interface FieldOptions {
  readonly description?: string;
}

/** The typed value of a schema. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

/** An object schema by its fields: what routes take for bodies and queries. */
export type Fields = Readonly<Record<string, Schema<unknown>>>;

/** The typed value of a set of fields; optional ones may be absent. */
export type InferFields<F extends Fields> = { readonly [K in keyof F]: Infer<F[K]> };

function field<T>(json: Record<string, unknown>, options?: FieldOptions): Schema<T> {
  return { json: options?.description === undefined ? json : { ...json, description: options.description }, optional: false };
}

/** Text. `maxLength` in UTF-16 units. */
export function string(options?: FieldOptions & { readonly maxLength?: number; readonly oneOf?: readonly string[] }): Schema<string> {
  return field(
    {
      type: 'string',
      ...(options?.maxLength === undefined ? {} : { maxLength: options.maxLength }),
      ...(options?.oneOf ? { enum: options.oneOf } : {}),
    },
    options,
  );
}

/** Text that must not be seen: a password, a token. `maxLength` in UTF-16 units. */
export function secret(options?: FieldOptions & { readonly maxLength?: number }): Schema<Secret> {
  return field({ ...string(options).json, format: 'password' }, options);
}

/** A whole number; accepts decimal text. Bounds are inclusive; default from 0 to 2^53 - 1. */
export function integer(options?: FieldOptions & { readonly minimum?: number; readonly maximum?: number }): Schema<number> {
  return field({ type: 'integer', minimum: options?.minimum ?? 0, maximum: options?.maximum ?? Number.MAX_SAFE_INTEGER }, options);
}

/** true or false; accepts the texts that Go's ParseBool does. */
export function boolean(options?: FieldOptions): Schema<boolean> {
  return field({ type: 'boolean' }, options);
}

/** A length of time, in whole seconds; accepts a number, decimal text, or Go's form ("1h30m", "2d"). */
export function duration(options?: FieldOptions): Schema<number> {
  return field({ type: 'integer', format: 'seconds', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, options);
}

/** A list of texts; accepts comma-separated text. */
export function stringList(options?: FieldOptions): Schema<readonly string[]> {
  return field({ type: 'array', items: { type: 'string' }, format: 'comma-list' }, options);
}

/** A list of addresses or CIDR blocks, IPv4 or IPv6; accepts comma-separated text. What comes out always has its bits: `10.0.0.1/32`. */
export function cidrList(options?: FieldOptions): Schema<readonly string[]> {
  return field({ type: 'array', items: { type: 'string', format: 'cidr' }, format: 'comma-list' }, options);
}

/** A list of whole numbers; accepts comma-separated text and texts. */
export function integerList(options?: FieldOptions): Schema<readonly number[]> {
  return field({ type: 'array', items: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, format: 'comma-list' }, options);
}

/** Text by text; accepts a list or comma-separated text of `key=value`. */
export function stringMap(options?: FieldOptions): Schema<Readonly<Record<string, string>>> {
  return field({ type: 'object', additionalProperties: { type: 'string' }, format: 'key-values' }, options);
}

/** User JSON that the engine stores and never looks into without asking: arrives exactly as it was written, null as the text `null`. */
export function opaque(options?: FieldOptions): Schema<OpaqueJson> {
  return field({ format: 'opaque' }, options);
}

/** The whole body, as `opaque`: for an engine whose paths take any field. Absent when nothing was sent. */
export function body(options?: FieldOptions): Schema<OpaqueJson> {
  return field({ format: 'body' }, options);
}

/** Whether a field of this JSON Schema carries user JSON, as text. */
export function carriesJson({ format }: Schema<unknown>['json']): boolean {
  return format === 'opaque' || format === 'body';
}

/** An object with these fields. Unknown fields are ignored, as Vault does. */
export function object<F extends Fields>(fields: F, options?: FieldOptions): Schema<InferFields<F>> {
  return field(
    {
      type: 'object',
      properties: Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, schema.json])),
      required: Object.keys(fields).filter((name) => !fields[name]?.optional),
    },
    options,
  );
}

/** Makes a field optional. An explicit JSON null counts as absent, except in opaque fields. */
export function optional<T>(schema: Schema<T>): Schema<T | undefined> {
  return { json: schema.json, optional: true };
}

/** Makes a field optional and hands an explicit JSON null to the handler: for patches, where null means "back to the default". */
export function nullable<T>(schema: Schema<T>): Schema<T | null | undefined> {
  return { json: { ...schema.json, nullable: true }, optional: true };
}
