/**
 * Reads what a worker sends. A thread runs the plugin's code beside the one that makes the messages, so anything may come: none of it may take
 * the host down or reach a call in a shape that its readers don't expect.
 */
import type { FromWorker } from '@strongroom/sdk-plugin/serving';
import { replyOfRow } from './reply-row.ts';

type Failure = Extract<FromWorker, { kind: 'failure' }>;
type Fields = Readonly<Record<string, unknown>>;

const codeTable: Readonly<Record<Failure['code'], true>> = {
  invalid: true,
  credentials: true,
  denied: true,
  missing: true,
  unsupported: true,
  precondition: true,
  'media-type': true,
  'too-large': true,
  upstream: true,
  internal: true,
};
/** What a plugin may fail with. */
export const failureCodes: ReadonlySet<unknown> = new Set(Object.keys(codeTable));
const logLevels: ReadonlySet<unknown> = new Set<Extract<FromWorker, { kind: 'log' }>['level']>(['debug', 'info', 'warn', 'error']);

/** The message, if it is one; a malformed end of a call is a failure of that call. Undefined for what is no message at all. */
export function readMessage(received: unknown): FromWorker | undefined {
  const value: unknown = Array.isArray(received) ? replyOfRow(received) : received;
  if (!isRecord(value)) return undefined;
  switch (value['kind']) {
    case 'ready':
      return isRecord(value['outline']) ? trusted(value) : undefined;
    case 'log':
      return logLevels.has(value['level']) && isText(value['message']) && isText(value['mountId']) ? trusted(value) : undefined;
    case 'question':
      return isNumber(value['call']) && isNumber(value['question']) && isRecord(value['ask']) ? trusted(value) : undefined;
    case 'reply':
    case 'failure': {
      const { call } = value;
      if (!isNumber(call)) return undefined;
      const wellFormed = value['kind'] === 'reply' ? isReply(value) : isFailure(value);
      return wellFormed
        ? trusted(value)
        : { kind: 'failure', call, code: 'internal', message: '', report: `a malformed ${value['kind']} of the plugin` };
    }
    default:
      return undefined;
  }
}

function isFailure({ code, message, report, costly }: Fields): boolean {
  return failureCodes.has(code) && isText(message) && optional(report, isText) && optional(costly, (one) => typeof one === 'boolean');
}

function isReply({ reply, carried, lease, rotations, writes }: Fields): boolean {
  return (
    optional(reply, isAnswer) &&
    optional(carried, isText) &&
    optional(lease, (one) => isRecord(one) && isText(one['kind']) && isText(one['data'])) &&
    optional(rotations, (all) => Array.isArray(all) && all.every(isRecord)) &&
    Array.isArray(writes) &&
    writes.every((write) => isRecord(write) && isText(write['key']) && optional(write['value'], isBytes))
  );
}

function isAnswer(reply: unknown): boolean {
  if (!isRecord(reply)) return false;
  const { data, raw, headers, warnings, status, validUntil, leaseDuration } = reply;
  return (
    optional(data, isText) &&
    optional(raw, isBytes) &&
    optional(headers, (all) => isRecord(all) && Object.values(all).every(isText)) &&
    optional(warnings, (all) => Array.isArray(all) && all.every(isText)) &&
    optional(status, (one) => typeof one === 'number') &&
    optional(validUntil, (one) => typeof one === 'number') &&
    optional(leaseDuration, (one) => typeof one === 'number')
  );
}

function optional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || is(value);
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isBytes(value: unknown): boolean {
  return value instanceof Uint8Array;
}

function trusted(value: Fields): FromWorker {
  // Each kind was looked at above as far as the host relies on it.
  return value as unknown as FromWorker;
}
