/**
 * Turns what a client sent into what a handler's schema says. Vault's clients send numbers as text, lists as comma-separated text
 * and durations in Go's form; the format of a field says what is accepted, and ajv checks what comes out of it.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { parseSeconds } from '../duration.ts';
import { PluginError } from '../errors.ts';
import { OpaqueJson } from '../json.ts';
import { carriesJson } from '../schema.ts';
import type { FieldOutline } from '../serving/outline.ts';
import { normalCidr } from './cidr.ts';

/** The fields of an operation. */
export type InputOutline = Readonly<Record<string, FieldOutline>>;

/** Where raw values come from: a body or a query. */
export interface RawInput {
  /** The value of a field, parsed; undefined when absent. */
  value(name: string): unknown;
  /** The value of a field as it was written; undefined when absent. */
  text(name: string): string | undefined;
  /** All of it, as JSON text; undefined when there is none. */
  readonly json?: string | undefined;
}

const ajv = new Ajv2020({ strict: false, validateFormats: false });
const validators = new WeakMap<InputOutline, ValidateFunction>();

function validatorOf(fields: InputOutline): ValidateFunction {
  let validate = validators.get(fields);
  if (validate === undefined) {
    const names = Object.keys(fields);
    validate = ajv.compile({
      type: 'object',
      properties: Object.fromEntries(
        names.map((name) => [name, carriesJson(fields[name]!.json) ? {} : withoutFormats(fields[name]!.json)]),
      ),
      required: names.filter((name) => !fields[name]!.optional),
    });
    validators.set(fields, validate);
  }
  return validate;
}

function withoutFormats(json: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const rest: Record<string, unknown> = { ...json };
  delete rest['format'];
  return rest;
}

/**
 * Reads the fields of an operation. Fields of user JSON come out as `OpaqueJson`; unknown fields are ignored, as Vault does.
 * @throws PluginError `invalid` naming the field and what was expected
 */
export function readInput(fields: InputOutline, raw: RawInput): Readonly<Record<string, unknown>> {
  const input: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (carriesJson(field.json)) {
      const text = field.json['format'] === 'body' ? raw.json : raw.text(name);
      if (text !== undefined) input[name] = new OpaqueJson(text);
      continue;
    }
    const value = raw.value(name);
    if (value === null && field.json['nullable'] === true) input[name] = null;
    else if (value !== undefined && value !== null) input[name] = coerce(field.json, value);
    if (input[name] !== undefined && isCidrList(field.json)) input[name] = normalCidrs(name, input[name]);
  }
  const validate = validatorOf(fields);
  if (!validate(input)) throw new PluginError('invalid', explain(validate.errors?.[0]));
  return input;
}

function isCidrList(json: Readonly<Record<string, unknown>>): boolean {
  return (json['items'] as { readonly format?: unknown } | undefined)?.format === 'cidr';
}

function normalCidrs(name: string, value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((cidr: unknown) => {
    const normal = typeof cidr === 'string' ? normalCidr(cidr) : undefined;
    if (normal === undefined) throw new PluginError('invalid', `field ${name}: must be a list of addresses or CIDR blocks`);
    return normal;
  });
}

/** A refusal that names the field and the bound, and never quotes the value. */
function explain(error: ErrorObject | undefined): string {
  if (error === undefined) return 'malformed input';
  const field = error.instancePath.slice(1).replaceAll('/', '.');
  if (error.keyword === 'required') return `missing required field ${String(error.params['missingProperty'])}`;
  if (error.keyword === 'enum') return `field ${field}: must be one of ${(error.params['allowedValues'] as unknown[]).join(', ')}`;
  return `field ${field}: ${error.message ?? 'malformed'}`;
}

/** The typed form of a value, or the value itself when it has none (then validation refuses it). */
function coerce(json: Readonly<Record<string, unknown>>, value: unknown): unknown {
  if (json['format'] === 'seconds') return parseSeconds(value);
  switch (json['type']) {
    case 'integer':
      return typeof value === 'string' && /^-?\d{1,16}$/.test(value.trim()) ? Number(value) : value;
    case 'boolean':
      return typeof value === 'string' ? (parseBoolean(value) ?? value) : value === 1 ? true : value === 0 ? false : value;
    case 'string':
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    case 'array': {
      const items = json['items'] as Readonly<Record<string, unknown>>;
      const list =
        typeof value === 'string'
          ? value
              .split(',')
              .map((item) => item.trim())
              .filter((item) => item !== '')
          : Array.isArray(value)
            ? value
            : typeof value === 'number'
              ? [value]
              : undefined;
      return list === undefined ? value : list.map((item: unknown) => coerce(items, item));
    }
    case 'object':
      return coerceObject(json, value);
    default:
      return value;
  }
}

function coerceObject(json: Readonly<Record<string, unknown>>, value: unknown): unknown {
  const properties = json['properties'] as Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  if (properties !== undefined && typeof value === 'object' && value !== null) {
    const result: Record<string, unknown> = {};
    for (const [name, item] of Object.entries(value)) {
      const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (schema !== undefined && item !== null) result[name] = coerce(schema, item);
    }
    return result;
  }
  if (json['format'] !== 'key-values') return value;
  const pairs = typeof value === 'string' ? value.split(',') : value;
  if (Array.isArray(pairs)) {
    const result: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const pair of pairs) {
      const equals = typeof pair === 'string' ? pair.indexOf('=') : -1;
      if (equals < 1) return value;
      result[String(pair).slice(0, equals).trim()] = String(pair).slice(equals + 1);
    }
    return result;
  }
  if (typeof pairs !== 'object' || pairs === null) return value;
  const entries = Object.entries(pairs).map(([name, item]): [string, unknown] => [
    name,
    typeof item === 'number' || typeof item === 'boolean' ? String(item) : item,
  ]);
  const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, item] of entries) result[name] = item;
  return result;
}

/** What Go's ParseBool accepts; undefined for other text. */
export function parseBoolean(text: string): boolean | undefined {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  return undefined;
}
