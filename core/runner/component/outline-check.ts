/**
 * Reads what a component declares. The host routes by it, compiles its schemas to code, and prints it: nothing gets through that the SDK could
 * not have said.
 */
import type { EngineOutline, FieldOutline, OperationOutline, RouteOutline } from '@strongroom/sdk-plugin/serving';
import type { Follow } from '@strongroom/sdk-plugin';
import { followLimits } from '@strongroom/sdk-plugin/hosting';
import { Refusal } from './core-module.ts';

type Fields = Readonly<Record<string, unknown>>;
const verbs: ReadonlySet<string> = new Set(['create', 'read', 'update', 'patch', 'delete', 'list', 'scan']);
const bounds = { routes: 1000, fields: 200, reads: 16, text: 8192, depth: 8, values: 1000 } as const;
const namePattern = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;

/** What a component declares. */
export interface ComponentOutline extends EngineOutline {
  /** Calls may come as rows. */
  readonly rows: boolean;
}

/** Checks an outline. @throws Refusal naming the field */
export function checkOutline(json: string): ComponentOutline {
  let outline: unknown;
  try {
    outline = JSON.parse(json);
  } catch {
    throw new Refusal('its outline is not JSON');
  }
  const { name, version, routes, leases = {}, rotations = {}, jobs = {}, migrations = [], rows } = record(outline, 'outline');
  if (typeof name !== 'string' || !namePattern.test(name)) bad('name');
  return {
    name,
    version: text(version, 'version', 64),
    routes: mapped(routes, 'routes', bounds.routes, checkRoute),
    leases: mapped(leases, 'leases', bounds.fields, (kind, lease) => {
      if (!namePattern.test(kind)) bad('leases');
      const { renewable, renews } = record(lease, `leases.${kind}`);
      return { renewable: renewable === true, renews: renews === true };
    }),
    rotations: mapped(rotations, 'rotations', bounds.fields, (kind, rotation) => {
      if (!namePattern.test(kind)) bad('rotations');
      return { retires: record(rotation, `rotations.${kind}`)['retires'] === true };
    }),
    jobs: mapped(jobs, 'jobs', bounds.fields, (job, every) => {
      if (!namePattern.test(job) || !Number.isSafeInteger(every) || (every as number) < 1) bad('jobs');
      return every as number;
    }),
    migrations: texts(migrations, 'migrations', bounds.fields).filter((to) => /^\d{1,9}\.\d{1,9}\.\d{1,9}$/.test(to) || bad('migrations')),
    rows: rows === true,
  };
}

function checkRoute(template: string, value: unknown): RouteOutline {
  const field = `routes[${JSON.stringify(template.slice(0, 64))}]`;
  if (template.length > 512) bad(field);
  const { access, exists, summary, lowercase = [], verbs: operations } = record(value, field);
  if (access !== 'token' && access !== 'sudo' && access !== 'public') bad(`${field}.access`);
  return {
    template,
    summary: text(summary, `${field}.summary`),
    access,
    lowercase: texts(lowercase, `${field}.lowercase`, bounds.reads),
    exists: exists === undefined ? undefined : text(exists, `${field}.exists`, 512),
    verbs: mapped(operations, `${field}.verbs`, verbs.size, (verb, operation) => {
      if (!verbs.has(verb)) bad(`${field}.verbs`);
      return checkOperation(operation, `${field}.${verb}`);
    }),
  };
}

function checkOperation(value: unknown, field: string): OperationOutline {
  const { summary, reads, follows, input, outside, alias } = record(value, field);
  return {
    summary: text(summary, `${field}.summary`),
    outside: outside === true,
    ...(alias === undefined ? {} : { alias: text(alias, `${field}.alias`, 512) }),
    reads: texts(reads, `${field}.reads`, bounds.reads),
    ...(follows === undefined ? {} : { follows: checkFollows(follows, `${field}.follows`) }),
    input: mapped(input, `${field}.input`, bounds.fields, (name, one): FieldOutline => {
      if (!namePattern.test(name)) bad(`${field}.input`);
      const { json, optional } = record(one, `${field}.input.${name}`);
      return { json: checkSchema(json, `${field}.input.${name}`, 0), optional: optional === true };
    }),
  };
}

function checkFollows(value: unknown, field: string): readonly Follow[] {
  if (!Array.isArray(value) || value.length > followLimits.followsMax) bad(field);
  return value.map((follow: unknown) => {
    const { from, at, key } = record(follow, field);
    if (typeof at !== 'string' && !(Number.isSafeInteger(at) && (at as number) >= 0)) bad(`${field}.at`);
    const place = typeof at === 'string' ? text(at, `${field}.at`, 512) : (at as number);
    return { from: text(from, `${field}.from`, 512), at: place, key: text(key, `${field}.key`, 512) };
  });
}

const kinds: ReadonlySet<unknown> = new Set(['string', 'integer', 'number', 'boolean', 'array', 'object']);
const formats: ReadonlySet<unknown> = new Set(['opaque', 'body', 'password', 'seconds', 'comma-list', 'key-values', 'cidr']);
const isBound = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);

/** What each keyword may say. Keywords that find other schemas or hold patterns are not among them. */
const keywords: Readonly<Record<string, (value: unknown, field: string, depth: number) => boolean>> = {
  type: (value) => kinds.has(value),
  format: (value) => formats.has(value),
  description: (value) => typeof value === 'string' && value.length <= bounds.text,
  nullable: (value) => typeof value === 'boolean',
  minimum: isBound,
  maximum: isBound,
  maxLength: isBound,
  enum: isTexts,
  required: isTexts,
  items: isSchema,
  additionalProperties: (value, field, depth) => typeof value === 'boolean' || isSchema(value, field, depth),
  properties: (value, field, depth) => {
    mapped(value, field, bounds.fields, (name, schema) => {
      if (!namePattern.test(name)) bad(field);
      return checkSchema(schema, `${field}.${name}`, depth + 1);
    });
    return true;
  },
};

function isTexts(value: unknown): boolean {
  return (
    Array.isArray(value) && value.length <= bounds.values && value.every((one) => typeof one === 'string' && one.length <= bounds.text)
  );
}

function isSchema(value: unknown, field: string, depth: number): boolean {
  checkSchema(value, field, depth + 1);
  return true;
}

function checkSchema(value: unknown, field: string, depth: number): Fields {
  if (depth > bounds.depth) bad(field);
  const schema = record(value, field);
  for (const [keyword, given] of Object.entries(schema)) {
    const check = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined;
    if (check === undefined || !check(given, field, depth)) bad(`${field}.${keyword.slice(0, 64)}`);
  }
  return schema;
}

function bad(field: string): never {
  throw new Refusal(`its outline: field ${field}: malformed or too large`);
}

function record(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) bad(field);
  return value as Fields;
}

function text(value: unknown, field: string, max: number = bounds.text): string {
  if (typeof value !== 'string' || value.length > max) bad(field);
  return value;
}

function texts(value: unknown, field: string, max: number): readonly string[] {
  if (!Array.isArray(value) || value.length > max) bad(field);
  return value.map((one: unknown) => text(one, field, 512));
}

function mapped<T>(value: unknown, field: string, max: number, check: (name: string, value: unknown) => T): Record<string, T> {
  const entries = Object.entries(record(value, field));
  if (entries.length > max) bad(field);
  return Object.fromEntries(entries.map(([name, one]) => [name, check(name, one)]));
}
