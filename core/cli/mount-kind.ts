/** Engines and auth methods are listed, enabled, disabled, tuned and moved alike: what differs is here. */

/** One of the two. */
export interface MountKind {
  /** Where the server has them. */
  readonly api: 'sys/mounts' | 'sys/auth';
  /** In front of paths that name one among all. */
  readonly prefix: '' | 'auth/';
  /** As sentences name them. */
  readonly noun: 'secrets engine' | 'auth method';
  readonly enabled: (type: string, path: string) => string;
}

/** `secrets …`. */
export const secretKind: MountKind = {
  api: 'sys/mounts',
  prefix: '',
  noun: 'secrets engine',
  enabled: (type, path) => `Enabled the ${type} secrets engine at: ${path}`,
};

/** `auth …`. */
export const authKind: MountKind = {
  api: 'sys/auth',
  prefix: 'auth/',
  noun: 'auth method',
  enabled: (type, path) => `Enabled ${type} auth method at: ${path}`,
};
