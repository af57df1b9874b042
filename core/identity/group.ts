/** What a group is: entities, and other groups, that share policies. */

/** Kinds of groups: members written over the API, or members as an auth method says them at each login. */
export type GroupType = 'internal' | 'external';

/** The name of an external group at an auth mount. */
export interface GroupAlias {
  readonly id: string;
  readonly name: string;
  /** Accessor of the auth mount. */
  readonly accessor: string;
  /** Milliseconds since 1970, like all moments here. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A stored group. Its members are entries of their own. */
export interface GroupRecord {
  readonly id: string;
  /** Unique without case. */
  readonly name: string;
  readonly type: GroupType;
  readonly metadata: Readonly<Record<string, string>>;
  /** Lower-cased; given to the members' tokens at each request. */
  readonly policies: readonly string[];
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Names its list of members; a new one leaves all of them behind at once. */
  readonly roll: string;
  readonly alias?: GroupAlias;
}

/** Most entities that can be written as direct members of a group. */
export const memberEntitiesMax = 1500;
/** Most groups that can be direct members of a group. */
export const memberGroupsMax = 100;
/** Most groups that a group can be a direct member of. */
export const parentGroupsMax = 100;
/** Most groups in a line, each a member of the next. */
export const groupDepthMax = 32;
