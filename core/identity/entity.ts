/** What an entity is: one who is known under a name at some auth methods, whichever of them a token came from. */

/** A name that an entity has at one auth mount. */
export interface EntityAlias {
  readonly id: string;
  /** As the auth method says it. */
  readonly name: string;
  /** Accessor of the auth mount. */
  readonly accessor: string;
  /** As the last login said it. */
  readonly metadata: Readonly<Record<string, string>>;
  /** As it was written over the API. */
  readonly customMetadata: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, like all moments here. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Entities that had it before they were merged into this one. */
  readonly mergedFrom: readonly string[];
}

/** A stored entity. */
export interface EntityRecord {
  readonly id: string;
  /** Unique without case. */
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Lower-cased; given to its tokens at each request. */
  readonly policies: readonly string[];
  /** Its tokens are refused, and it can't log in. */
  readonly disabled: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** At most one for each mount. */
  readonly aliases: readonly EntityAlias[];
  /** Ids of the entities that were merged into it. */
  readonly merged: readonly string[];
}

/** Most aliases of an entity. */
export const aliasesMax = 100;
/** Most entities that can have been merged into one. */
export const mergedMax = 1000;
/** Most groups that an entity is a direct member of. */
export const entityGroupsMax = 1000;
