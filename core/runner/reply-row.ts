/**
 * The usual reply on its way to the host, data and no more, as a row of its fields: to clone an object costs more for its names than for
 * what they name. Others travel as they are.
 */
import type { ReplyMessage } from '@strongroom/sdk-plugin/serving';

/** `undefined`: the reply has no such field. */
export type ReplyRow = readonly [
  call: number,
  uncacheable: boolean,
  data: string | undefined,
  status: number | undefined,
  validUntil: number | undefined,
  leaseDuration: number | undefined,
];

const inRow: ReadonlySet<string> = new Set(['data', 'status', 'validUntil', 'leaseDuration']);

/** The row of a reply; undefined when it says more. */
export function rowOf(message: ReplyMessage): ReplyRow | undefined {
  const { call, uncacheable, writes, reply, carried, lease, rotations, more } = message;
  if (reply === undefined || writes.length > 0 || carried !== undefined) return undefined;
  if (lease !== undefined || rotations !== undefined || more !== undefined) return undefined;
  for (const name in reply) if (!inRow.has(name)) return undefined;
  return [call, uncacheable, reply.data, reply.status, reply.validUntil, reply.leaseDuration];
}

/** The reply of a row. Its fields are whatever a worker put there: they are looked at as those of any message. */
export function replyOfRow(row: readonly unknown[]): Readonly<Record<string, unknown>> {
  const [call, uncacheable, data, status, validUntil, leaseDuration] = row;
  const reply: Record<string, unknown> = {};
  if (data !== undefined) reply['data'] = data;
  if (status !== undefined) reply['status'] = status;
  if (validUntil !== undefined) reply['validUntil'] = validUntil;
  if (leaseDuration !== undefined) reply['leaseDuration'] = leaseDuration;
  return { kind: 'reply', call, uncacheable, writes: [], reply };
}
