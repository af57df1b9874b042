/** What an engine declares, as data: the host routes, validates and documents by it and never runs plugin code itself. */
import type { AuthMethodDefinition } from '../auth-method.ts';
import { type EngineDefinition, type Follow, type Verb, verbs } from '../engine.ts';
import type { Schema } from '../schema.ts';

/** JSON Schema of one input field. */
export interface FieldOutline {
  readonly json: Readonly<Record<string, unknown>>;
  readonly optional: boolean;
}

/** One operation of a route. */
export interface OperationOutline {
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

/** A kind of lease. */
export interface LeaseOutline {
  readonly renewable: boolean;
  /** Renewing reaches outside; otherwise it changes the lease alone. */
  readonly renews: boolean;
}

/** A kind of rotated credential. */
export interface RotationOutline {
  /** Old ones are ended. */
  readonly retires: boolean;
}

/** One route. */
export interface RouteOutline {
  readonly template: string;
  readonly summary: string;
  readonly access: 'public' | 'token' | 'sudo';
  readonly exists: string | undefined;
  readonly lowercase: readonly string[];
  readonly verbs: { readonly [V in Verb]?: OperationOutline };
}

/** A whole engine. */
export interface EngineOutline {
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

/** Takes the data out of a definition. */
export function outlineOf(engine: EngineDefinition | AuthMethodDefinition): EngineOutline {
  const routes: Record<string, RouteOutline> = {};
  for (const [template, route] of Object.entries(engine.routes)) {
    const operations: { [V in Verb]?: OperationOutline } = {};
    for (const verb of verbs) {
      const operation = route[verb];
      if (operation === undefined) continue;
      const input = Object.entries<Schema<unknown>>(operation.input ?? {}).map(([name, { json, optional }]): [string, FieldOutline] => [
        name,
        { json, optional },
      ]);
      operations[verb] = {
        summary: operation.summary ?? route.summary,
        input: Object.fromEntries(input),
        reads: operation.reads ?? [],
        ...(operation.follows === undefined ? {} : { follows: operation.follows }),
        outside: 'execute' in operation,
        ...(operation.alias === undefined ? {} : { alias: operation.alias }),
      };
    }
    routes[template] = {
      template,
      summary: route.summary,
      access: route.access ?? 'token',
      exists: route.exists,
      lowercase: route.lowercase ?? [],
      verbs: operations,
    };
  }
  const leases = Object.entries(engine.leases ?? {}).map(([kind, { renew }]): [string, LeaseOutline] => [
    kind,
    { renewable: renew !== false, renews: typeof renew === 'object' },
  ]);
  return {
    name: engine.name,
    version: engine.version,
    routes,
    leases: Object.fromEntries(leases),
    rotations: Object.fromEntries(
      Object.entries(engine.rotations ?? {}).map(([kind, { retire }]) => [kind, { retires: retire !== undefined }]),
    ),
    jobs: Object.fromEntries(Object.entries(engine.jobs ?? {}).map(([job, { every }]) => [job, every])),
    migrations: Object.keys(engine.migrations ?? {}),
  };
}
