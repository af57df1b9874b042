/** Lists that can be read in pages: `after` (exclusive) and `limit`. */
import { schema as s } from '@strongroom/sdk-plugin';
import type { HostReply } from '../request/host-route.ts';

/** The fields of such a list. */
export interface PageFields extends s.Fields {
  readonly after: s.Schema<string | undefined>;
  readonly limit: s.Schema<number | undefined>;
}

/** The fields. */
export const pageInput: PageFields = {
  after: s.optional(s.string({ maxLength: 1024 })),
  limit: s.optional(s.integer({ maximum: 1_000_000 })),
};

/** A page; everything when none is asked for, undefined when it is empty. */
export async function pageOf(
  { after = '', limit = 0 }: s.InferFields<PageFields>,
  list: (after: string, limit: number) => Promise<readonly string[]>,
): Promise<HostReply | undefined> {
  const keys = await list(after, limit === 0 ? Number.POSITIVE_INFINITY : limit);
  return keys.length === 0 ? undefined : { data: { keys } };
}
