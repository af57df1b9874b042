/** The lane of what operators set and tokens keep: roles, quotas, password policies, tuned mounts, headers for the audit, a cubbyhole. */
import { type Lane, LaneBuilder, type Send } from './script.ts';

/** Each with the path that reads it, and two bodies; `field` tells them apart. */
const settings = [
  { path: 'auth/token/roles/crash', field: 'path_suffix', values: ['one', 'two'] },
  { path: 'sys/quotas/rate-limit/crash', field: 'rate', values: [100_000, 200_000] },
  {
    path: 'sys/policies/password/crash',
    field: 'policy',
    values: ['length = 12\nrule "charset" { charset = "ab" }', 'length = 13\nrule "charset" { charset = "ab" }'],
  },
  { path: 'cubbyhole/crash', field: 'v', values: ['kept', 'kept anew'] },
] as const;

/** @param rounds how often all are written, written again and removed */
export function settingsLane(rounds: number): Lane {
  const lane = new LaneBuilder(Object.fromEntries(settings.map(({ path }) => [path, undefined])));
  for (let round = 0; round < rounds; round++) {
    for (const { path, field, values } of settings)
      for (const value of values) lane.step('POST', path, { [field]: value }, 204, { [path]: value });
    for (const { path } of settings) lane.step('DELETE', path, undefined, 204, { [path]: undefined });
  }
  const look = async (send: Send): Promise<Readonly<Record<string, unknown>>> =>
    Object.fromEntries(
      await Promise.all(
        settings.map(async ({ path, field }) => {
          const { status, json } = await send('GET', path);
          return [path, status === 404 ? undefined : (json.data[field] as unknown)] as const;
        }),
      ),
    );
  return { name: 'settings', before: lane.before, steps: lane.steps, look };
}
