/** When keys are rotated by themselves: after so many seals, or at an age. */
import { schema as s, type Json } from '@strongroom/sdk-plugin';
import { sealsMax } from '../barrier/keyring.ts';
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';

const key = 'core/rotate-config';
const operationsMin = 1_000_000;
const intervalMinSeconds = 24 * 3600;

/** The configuration. */
export interface RotateConfig {
  readonly enabled: boolean;
  /** Seals of one key. */
  readonly maxOperations: number;
  /** 0: whatever its age. */
  readonly intervalSeconds: number;
}

const initial: RotateConfig = { enabled: true, maxOperations: sealsMax, intervalSeconds: 0 };

/** Fields of `sys/rotate/config`. */
export const rotateConfigInput: {
  readonly enabled: s.Schema<boolean | undefined>;
  readonly max_operations: s.Schema<number | undefined>;
  readonly interval: s.Schema<number | undefined>;
} = { enabled: s.optional(s.boolean()), max_operations: s.optional(s.integer()), interval: s.optional(s.duration()) };

/** What they hold. */
export type RotateConfigInput = s.InferFields<typeof rotateConfigInput>;

/** Reads it. */
export async function readRotateConfig(tx: Transaction): Promise<RotateConfig> {
  // Written below.
  return (await tx.derived(key, (stored) => JSON.parse(Buffer.from(stored).toString()) as RotateConfig)) ?? initial;
}

/** Changes the fields that were given. @throws StrongroomError `invalid` out of bounds */
export async function changeRotateConfig(tx: Transaction, input: RotateConfigInput): Promise<RotateConfig> {
  const before = await readRotateConfig(tx);
  const config: RotateConfig = {
    enabled: input.enabled ?? before.enabled,
    maxOperations: input.max_operations ?? before.maxOperations,
    intervalSeconds: input.interval ?? before.intervalSeconds,
  };
  if (config.maxOperations < operationsMin || config.maxOperations > sealsMax)
    throw new StrongroomError('invalid', `max_operations must be in the range [${operationsMin}, ${sealsMax}]`);
  if (config.intervalSeconds !== 0 && config.intervalSeconds < intervalMinSeconds)
    throw new StrongroomError('invalid', 'interval must be greater or equal to 24h0m0s');
  tx.put(key, Buffer.from(JSON.stringify(config)));
  return config;
}

/** Seals after which a key is rotated: switched off or not, never more than a key may make. */
export function sealsAllowed({ enabled, maxOperations }: RotateConfig): number {
  return enabled ? maxOperations : sealsMax;
}

/** The answer: an interval as Go writes durations, none as 0. */
export function rotateConfigData({ enabled, maxOperations, intervalSeconds: seconds }: RotateConfig): Json {
  const text = `${Math.floor(seconds / 3600)}h${Math.floor(seconds / 60) % 60}m${seconds % 60}s`;
  return { enabled, max_operations: maxOperations, interval: seconds === 0 ? 0 : text };
}
