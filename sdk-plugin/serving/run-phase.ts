/** Runs what a call asks for: a handler, or one step of what reaches outside. */
import type { AuthMethodDefinition } from '../auth-method.ts';
import type { Answered, Context, EngineDefinition, Json, Operation, Reply } from '../engine.ts';
import { OpaqueJson } from '../json.ts';
import type { LeaseStep, Outside, OutsideOperation, Prepared, RotationKind } from '../outside.ts';
import { carriesJson, type Fields } from '../schema.ts';
import { Secret } from '../secret.ts';
import { stringifyJson } from '../stringify-json.ts';
import type { CallMessage, ReplyMessage } from './messages.ts';

/** What a step gives to the next one, as JSON text, and what else it asks for. */
export type Carried = Pick<ReplyMessage, 'carried' | 'lease' | 'more'>;

type Plugin = EngineDefinition | AuthMethodDefinition;

/** What came of a phase. */
export interface Ran {
  readonly reply?: Reply | undefined;
  readonly carried?: Carried;
}

/** What a phase may touch, as it is asked for. */
export interface Touch {
  context(): Context;
  outside(): Outside;
}

/** Runs a handler. @throws whatever the plugin throws; Error for what the plugin does not declare */
export function runHandler(engine: Plugin, message: CallMessage, touch: Touch): Answered {
  const operation = operationOf(engine, message);
  // The host matched the route and checked the input against this operation's own schema.
  return operation.handler(touch.context(), message.params, revive(message.input, operation.input));
}

/** Runs any other phase. @throws as `runHandler` */
export async function runStep(engine: Plugin, message: CallMessage, touch: Touch): Promise<Ran> {
  const { phase, params, carried } = message;
  const ctx = (): Context => touch.context();
  const outside = (): Outside => touch.outside();
  switch (phase) {
    case 'prepare': {
      const operation = stepsOf(engine, message);
      const { plan, lease } = await operation.prepare(ctx(), params, revive(message.input, operation.input));
      return { carried: { carried: stringifyJson(plan), ...(lease === undefined ? {} : { lease: leaseMessage(lease) }) } };
    }
    case 'execute':
      return { carried: { carried: stringifyJson(await stepsOf(engine, message).execute(outside(), parsed(carried))) } };
    case 'finish': {
      const operation = stepsOf(engine, message);
      const [plan, result] = parsed(carried) as readonly [never, never];
      return { reply: operation.finish === undefined ? { data: result } : await operation.finish(ctx(), plan, result) };
    }
    case 'revoke-prepare':
    case 'renew-prepare': {
      const { prepare } = leaseStepOf(engine, message);
      const data = parsed(carried);
      return { carried: { carried: stringifyJson(prepare === undefined ? data : await prepare(ctx(), data, message.seconds ?? 0)) } };
    }
    case 'login-renew':
      if (engine.kind !== 'auth-method') throw new Error('no auth method, no renewal of logins');
      return { reply: { login: await engine.renew(ctx(), parsed(carried)) } };
    case 'rotation-create':
      return { carried: { carried: stringifyJson(await rotationOf(engine, message).create(ctx(), parsed(carried))) } };
    case 'rotation-finish': {
      const [next, before] = parsed(carried) as readonly [never, never];
      await rotationOf(engine, message).finish(ctx(), next, before);
      return {};
    }
    case 'rotation-set':
    case 'rotation-test':
    case 'rotation-retire':
      await outsideStepOf(engine, message)?.(outside(), parsed(carried));
      return {};
    case 'job':
      return { carried: { more: (await named(engine.jobs, message).run(ctx())) === 'more' } };
    case 'migrate':
      await named(engine.migrations, message)(ctx());
      return { reply: undefined };
    case 'revoke':
    case 'renew':
    case 'handle':
    default:
      await leaseStepOf(engine, message).execute(outside(), parsed(carried));
      return {};
  }
}

function operationOf(engine: Plugin, { template, verb }: CallMessage): Operation<unknown, Fields> {
  const operation = engine.routes[template]?.[verb];
  if (operation === undefined) throw new Error(`no ${verb} at ${template}`);
  return operation as unknown as Operation<unknown, Fields>;
}

type Steps = OutsideOperation<unknown, Fields, Json, Json>;

function stepsOf(engine: Plugin, message: CallMessage): Steps {
  const operation = operationOf(engine, message);
  if (!('execute' in operation)) throw new Error(`${message.verb} at ${message.template} has no steps`);
  // Made by `outside`, which erased its types.
  return operation as unknown as Steps;
}

function rotationOf(engine: Plugin, message: CallMessage): RotationKind<Json> {
  // Made by `rotation`, which erased its types.
  return named(engine.rotations, message) as unknown as RotationKind<Json>;
}

function outsideStepOf(engine: Plugin, message: CallMessage): RotationKind<Json>['retire'] {
  const { set, test, retire } = rotationOf(engine, message);
  return { 'rotation-set': set, 'rotation-test': test, 'rotation-retire': retire }[message.phase as 'rotation-set'];
}

function leaseStepOf(engine: Plugin, message: CallMessage): LeaseStep<never> {
  const kind = named(engine.leases, message);
  const step = message.phase.startsWith('renew') ? kind.renew : kind.revoke;
  if (step === undefined || step === false) throw new Error(`no ${message.phase} for leases of kind ${message.name}`);
  return step;
}

/** What a call names, among what the plugin declares. */
function named<T>(declared: Readonly<Record<string, T>> | undefined, { name = '', phase }: CallMessage): T {
  const found = declared !== undefined && Object.hasOwn(declared, name) ? declared[name] : undefined;
  if (found === undefined) throw new Error(`no ${name} for ${phase}`);
  return found;
}

/** What an earlier step gave: made by the same plugin, kept by the host. */
function parsed(carried: string | undefined): never {
  return JSON.parse(carried ?? 'null') as never;
}

function leaseMessage({ kind, ttl, maxTtl, data }: NonNullable<Prepared<Json>['lease']>): NonNullable<Carried['lease']> {
  return { kind, data: stringifyJson(data), ...(ttl === undefined ? {} : { ttl }), ...(maxTtl === undefined ? {} : { maxTtl }) };
}

/** Gives user JSON and secrets their classes back, in the fields whose schema says so. */
function revive(input: Readonly<Record<string, unknown>>, fields: Fields = {}): Readonly<Record<string, unknown>> {
  const names = Object.keys(input);
  if (names.length === 0) return input;
  const revived: Record<string, unknown> = {};
  for (const name of names) {
    const value = input[name];
    const json = fields[name]?.json ?? {};
    // The host sends the text of such fields.
    if (carriesJson(json) && value !== undefined) revived[name] = new OpaqueJson(value as string);
    else if (json['format'] === 'password' && typeof value === 'string') revived[name] = new Secret(value);
    else revived[name] = value;
  }
  return revived;
}
