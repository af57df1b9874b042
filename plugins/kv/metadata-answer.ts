/** The answer of `metadata/{path}`: a secret's version table and settings. */
import type { Json } from '@strongroom/sdk-plugin';
import { formatDuration, formatTime } from './go-time.ts';
import { firstKept, type VersionTable } from './version-table.ts';

/** Describes a secret, without any value. */
export function metadataBlock(table: VersionTable): { readonly [name: string]: Json } {
  const first = firstKept(table);
  const versions = table.versions.map((version, index): [string, Json] => [
    String(first + index),
    { created_time: formatTime(version.created), deletion_time: formatTime(version.deletion), destroyed: version.destroyed },
  ]);
  return {
    cas_required: table.settings.casRequired,
    created_time: formatTime(table.created),
    current_version: table.current,
    custom_metadata: table.custom ?? null,
    delete_version_after: formatDuration(table.settings.deleteVersionAfter),
    max_versions: table.settings.maxVersions,
    oldest_version: table.oldest,
    updated_time: formatTime(table.updated),
    versions: Object.fromEntries(versions),
  };
}
