/** Checks a config file against the published schema, and says what was expected in words. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { ConfigFile } from './config-file.ts';
import schema from './config.schema.json' with { type: 'json' };
import type { FieldPath } from './source.ts';

/** A field that is not as the schema has it. */
export interface SchemaIssue {
  readonly path: FieldPath;
  readonly expected: string;
}

const ajv = new Ajv2020({ allErrors: true, verbose: true, discriminator: true, allowUnionTypes: true });
const check = ajv.compile<ConfigFile>(schema);

/** Gives the file as it is typed, or all that is wrong with it. */
export function validateConfigFile(
  value: unknown,
): { readonly kind: 'valid'; readonly file: ConfigFile } | { readonly kind: 'invalid'; readonly issues: readonly SchemaIssue[] } {
  if (check(value)) return { kind: 'valid', file: value };
  return { kind: 'invalid', issues: (check.errors ?? []).map((error) => describe(error, value)) };
}

function describe(error: ErrorObject, root: unknown): SchemaIssue {
  const path = pathOf(error.instancePath, root);
  const params = error.params as Readonly<Record<string, unknown>>;
  const described = (error.parentSchema as { readonly description?: string } | undefined)?.description;
  switch (error.keyword) {
    case 'additionalProperties':
      return {
        path: [...path, String(params['additionalProperty'])],
        expected: `one of ${list(Object.keys(propertiesOf(error)))} (unknown field)`,
      };
    case 'required':
      return { path: [...path, String(params['missingProperty'])], expected: 'a value (required field)' };
    case 'discriminator':
      return { path: [...path, 'type'], expected: `one of ${list(tagsOf(error))}` };
    case 'enum':
      return { path, expected: `one of ${list(params['allowedValues'] as readonly unknown[])}` };
    case 'type':
      return { path, expected: described && params['type'] !== 'boolean' ? lower(described) : kinds(params['type']) };
    case 'minItems':
      return { path, expected: `at least ${String(params['limit'])} item` };
    default:
      return { path, expected: described ? lower(described) : (error.message ?? 'another value') };
  }
}

/** Splits a JSON pointer; indexes of lists become numbers. @source RFC 6901 */
function pathOf(pointer: string, root: unknown): FieldPath {
  let at: unknown = root;
  return pointer
    .split('/')
    .slice(1)
    .map((part) => {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
      const step = Array.isArray(at) ? Number(name) : name;
      at = (at as Readonly<Record<string | number, unknown>>)[step];
      return step;
    });
}

function propertiesOf(error: ErrorObject): object {
  return (error.parentSchema as { readonly properties: object }).properties;
}

function tagsOf(error: ErrorObject): readonly unknown[] {
  const { oneOf } = error.parentSchema as {
    readonly oneOf: readonly { readonly properties: { readonly type: { readonly const: string } } }[];
  };
  return oneOf.map((kind) => kind.properties.type.const);
}

function list(values: readonly unknown[]): string {
  return values.map(String).join(', ');
}

function kinds(type: unknown): string {
  const names: Readonly<Record<string, string>> = { object: 'named fields', array: 'a list', string: 'text', boolean: 'true or false' };
  return [type]
    .flat()
    .map((name) => names[String(name)] ?? String(name))
    .join(' or ');
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
