/** The settings of a mount (`config`), which apply to every secret that has none of its own. */
import { decodeUtf8, encodeUtf8, type Context } from '@strongroom/sdk-plugin';

/** What both a mount and a secret can set; 0 and false mean "not set". */
export interface Settings {
  readonly maxVersions: number;
  readonly casRequired: boolean;
  /** Seconds. */
  readonly deleteVersionAfter: number;
}

/** Storage key of a mount's settings. */
export const settingsKey = 'config';
/** Versions kept where neither the secret nor the mount says how many. */
export const maxVersionsDefault = 10;
/** The most versions that a secret can keep: its version table must stay small, since every read needs it. */
export const maxVersionsMax = 4096;
/** Nothing set. */
export const noSettings: Settings = { maxVersions: 0, casRequired: false, deleteVersionAfter: 0 };

/** Reads the settings of the mount. */
export async function readSettings(ctx: Context): Promise<Settings> {
  return (await ctx.storage.derived(settingsKey, parseSettings)) ?? noSettings;
}

/** Stores the settings of the mount, as JSON text of the interface. */
export function writeSettings(ctx: Context, settings: Settings): void {
  ctx.storage.put(settingsKey, encodeUtf8(JSON.stringify(settings)));
}

/** The number of versions to keep: the secret's own setting goes before the mount's. */
export function versionsKept(mount: Settings, secret: Settings): number {
  return secret.maxVersions || mount.maxVersions || maxVersionsDefault;
}

/** When a version written at `now` deletes itself: after the shorter of the two times that are set; undefined for never. Milliseconds. */
export function deletionTime(now: number, mount: Settings, secret: Settings): number | undefined {
  const set = [mount.deleteVersionAfter, secret.deleteVersionAfter].filter((seconds) => seconds > 0);
  return set.length === 0 ? undefined : now + Math.min(...set) * 1000;
}

function parseSettings(bytes: Uint8Array): Settings {
  // Only writeSettings puts this entry.
  return JSON.parse(decodeUtf8(bytes)) as Settings;
}
