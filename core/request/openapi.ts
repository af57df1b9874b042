/**
 * OpenAPI of route tables, the host's own and those of plugins, in the shape that generators of clients of this API read.
 *
 * @source OpenAPI 3.0.2
 */
import type { Json, Verb } from '@strongroom/sdk-plugin';
import type { FieldOutline, OperationOutline } from '@strongroom/sdk-plugin/serving';

/** A route as far as it is documented: the host's own and those of plugins have all of it. */
export interface DocumentedRoute {
  readonly template: string;
  readonly summary: string;
  readonly access: 'public' | 'token' | 'sudo';
  readonly exists?: unknown;
  readonly verbs: { readonly [V in Verb]?: OperationOutline };
}

/** Routes below one path. */
export interface DocumentedPart {
  /** `secret/`; empty for the host's own routes, whose templates are whole paths. */
  readonly prefix: string;
  readonly tag: 'system' | 'auth' | 'secrets' | 'identity';
  /** Of the engine; set where its mounts are to stand for all of its type: then the mount's path is a parameter. */
  readonly genericType?: string;
  readonly routes: readonly DocumentedRoute[];
}

type JsonObject = Record<string, Json>;

interface Parameter {
  readonly name: string;
  readonly description: string;
  readonly fallback?: string;
}

const methods: Readonly<Partial<Record<Verb, string>>> = { read: 'get', create: 'post', update: 'post', patch: 'patch', delete: 'delete' };

/** Makes the document. @param version as the server reports it */
export function openApiDocument(version: string, parts: readonly DocumentedPart[]): Json {
  const paths: JsonObject = {};
  const schemas: JsonObject = {};
  const ids = new Set<string>();
  for (const part of parts) for (const route of part.routes) addRoute({ paths, schemas, ids }, part, route);
  return {
    openapi: '3.0.2',
    info: {
      title: 'Strongroom API',
      description: 'HTTP API of Strongroom, as clients of Vault know it. All paths are below `/v1/`.',
      version,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    paths: Object.fromEntries(Object.entries(paths).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    components: { schemas },
  };
}

interface Document {
  readonly paths: JsonObject;
  readonly schemas: JsonObject;
  readonly ids: Set<string>;
}

function addRoute(document: Document, part: DocumentedPart, route: DocumentedRoute): void {
  const { path, parameters } = pathOf(part, route.template);
  const facts = {
    description: route.summary,
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(pathParameter) }),
    ...(route.access === 'sudo' ? { 'x-vault-sudo': true } : {}),
    ...(route.access === 'public' ? { 'x-vault-unauthenticated': true } : {}),
    ...(route.exists === undefined ? {} : { 'x-vault-createSupported': true }),
  };
  const item: JsonObject = {};
  for (const [verb, operation] of Object.entries(route.verbs) as [Verb, OperationOutline][]) {
    const method = methods[verb];
    if (method !== undefined) item[method] = documented(document, part, path, verb, operation);
  }
  if (Object.keys(item).length > 0) document.paths[path] = { ...facts, ...item };
  // A listing is a path of its own, since GET of the path itself may be another operation.
  const listing = route.verbs.list;
  if (listing !== undefined) {
    document.paths[`${path}/`] = { ...facts, get: documented(document, part, path, 'list', listing) };
  }
}

function documented(document: Document, part: DocumentedPart, path: string, verb: Verb, operation: OperationOutline): Json {
  const id = operationId(document.ids, path, verb);
  const fields = Object.entries(operation.input);
  const inBody = verb === 'create' || verb === 'update' || verb === 'patch';
  const query = inBody ? [] : fields.map(([name, field]) => queryParameter(name, field));
  if (verb === 'list')
    query.unshift({ name: 'list', description: 'Must be `true`', in: 'query', required: true, schema: { type: 'string', enum: ['true'] } });
  const base = { summary: operation.summary, operationId: id, tags: [part.tag] };
  const responses = { [inBody || verb === 'delete' ? '204' : '200']: { description: inBody || verb === 'delete' ? 'Done' : 'OK' } };
  if (!inBody || fields.length === 0)
    return { ...base, ...(query.length === 0 ? {} : { parameters: query }), responses: { '200': { description: 'OK' }, ...responses } };
  const schemaName = `${id.replaceAll(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase())}Request`;
  document.schemas[schemaName] = bodySchema(fields);
  const media = verb === 'patch' ? 'application/merge-patch+json' : 'application/json';
  return {
    ...base,
    requestBody: { required: true, content: { [media]: { schema: { $ref: `#/components/schemas/${schemaName}` } } } },
    responses: { '200': { description: 'OK' }, ...responses },
  };
}

function bodySchema(fields: readonly (readonly [string, FieldOutline])[]): Json {
  if (fields.some(([, { json }]) => json['format'] === 'body')) return { type: 'object', additionalProperties: true };
  const required = fields.filter(([, { optional }]) => !optional).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(([name, { json }]) => [name, fieldSchema(json)])),
    ...(required.length === 0 ? {} : { required }),
  };
}

/** As OpenAPI says it: what only our own validation knows is left out. */
function fieldSchema(json: FieldOutline['json']): JsonObject {
  const { format, nullable, items, properties, required, ...rest } = json as Record<string, Json>;
  const type = format === 'opaque' ? { type: 'object' } : {};
  return {
    ...type,
    ...rest,
    ...(format === 'seconds' || format === 'password' ? { format } : {}),
    ...(nullable === undefined ? {} : { nullable }),
    // An empty list is none.
    ...(Array.isArray(required) && required.length > 0 ? { required } : {}),
    ...(items === undefined ? {} : { items: fieldSchema(items as FieldOutline['json']) }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties as Readonly<Record<string, FieldOutline['json']>>).map(([name, one]) => [name, fieldSchema(one)]),
          ),
        }),
  };
}

function queryParameter(name: string, { json, optional }: FieldOutline): JsonObject {
  const { description, ...schema } = fieldSchema(json);
  return { name, ...(description === undefined ? {} : { description }), in: 'query', ...(optional ? {} : { required: true }), schema };
}

function pathParameter({ name, description, fallback }: Parameter): Json {
  return {
    name,
    description,
    in: 'path',
    required: true,
    schema: { type: 'string', ...(fallback === undefined ? {} : { default: fallback }) },
  };
}

function pathOf({ prefix, tag, genericType }: DocumentedPart, template: string): { path: string; parameters: readonly Parameter[] } {
  const parameters = [...template.matchAll(/\{(\w+)(\+?)\}/g)].map(([, name = '', rest]) => ({
    name,
    description: rest === '+' ? 'One or more segments of the path' : 'One segment of the path',
  }));
  const below = template.replaceAll('+}', '}');
  if (genericType === undefined) return { path: withoutSlash(`/${prefix}${below}`), parameters };
  const name = `${genericType.replaceAll(/\W/g, '_')}_mount_path`;
  const fallback = prefix.replace(/^auth\//, '').replace(/\/$/, '');
  return {
    path: withoutSlash(`/${tag === 'auth' ? 'auth/' : ''}{${name}}/${below}`),
    parameters: [{ name, description: 'Path that the engine is mounted at', fallback }, ...parameters],
  };
}

function withoutSlash(path: string): string {
  return path.replace(/\/$/, '');
}

/** Verb and words of the path; a number makes it the only one. */
function operationId(ids: Set<string>, path: string, verb: Verb): string {
  const words = path.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
  const base = `${words === '' ? 'root' : words}-${verb === 'create' || verb === 'update' ? 'write' : verb}`.toLowerCase();
  let id = base;
  for (let number = 2; ids.has(id); number++) id = `${base}-${number}`;
  ids.add(id);
  return id;
}
