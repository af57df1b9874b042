/** The fields of `auth/token/create…`. */
import { schema as s } from '@strongroom/sdk-plugin';
import { tokenBytesMax } from '../identity/token.ts';

/** Most uses that a token can be limited to. */
export const tokenUsesMax = 1_000_000_000;

type Optional<T> = s.Schema<T | undefined>;

/** The fields of a creation. */
export interface CreateFields extends s.Fields {
  readonly id: Optional<string>;
  readonly policies: Optional<readonly string[]>;
  readonly meta: Optional<Readonly<Record<string, string>>>;
  readonly no_parent: Optional<boolean>;
  readonly no_default_policy: Optional<boolean>;
  readonly renewable: Optional<boolean>;
  readonly ttl: Optional<number>;
  readonly lease: Optional<number>;
  readonly type: Optional<string>;
  readonly explicit_max_ttl: Optional<number>;
  readonly display_name: Optional<string>;
  readonly num_uses: Optional<number>;
  readonly period: Optional<number>;
  readonly bound_cidrs: Optional<readonly string[]>;
  readonly entity_alias: Optional<string>;
}

/** The fields. */
export const createInput: CreateFields = {
  id: s.optional(s.string({ maxLength: tokenBytesMax })),
  policies: s.optional(s.stringList()),
  meta: s.optional(s.stringMap()),
  no_parent: s.optional(s.boolean()),
  no_default_policy: s.optional(s.boolean()),
  renewable: s.optional(s.boolean()),
  ttl: s.optional(s.duration()),
  lease: s.optional(s.duration()),
  type: s.optional(s.string({ oneOf: ['', 'service', 'batch'] })),
  explicit_max_ttl: s.optional(s.duration()),
  display_name: s.optional(s.string({ maxLength: 512 })),
  num_uses: s.optional(s.integer({ maximum: tokenUsesMax })),
  period: s.optional(s.duration()),
  bound_cidrs: s.optional(s.cidrList()),
  entity_alias: s.optional(s.string({ maxLength: 1024 })),
};

/** What the fields carry. */
export type CreateInput = s.InferFields<CreateFields>;
