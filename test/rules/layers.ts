/** Who may import whom, as data: `layers.test.ts` enforces it on every run. */

/** Rooms of the core, low to high: a room may import itself and what is below it. */
export const coreRooms: readonly string[] = [
  'errors.ts',
  'crypto',
  'storage',
  'barrier',
  'identity',
  'policy',
  'mounts',
  'runner',
  'lease',
  'audit',
  'request',
  'system',
  'config',
  'http',
  'cli',
];

/** Rooms on one level that don't stand above each other: an import in the wrong direction that is meant, with its reason. */
export const meant: readonly { readonly from: string; readonly to: string; readonly because: string }[] = [];

/** Packages that plugins of a folder may never import from this repo. */
export const foreign: Readonly<Record<string, readonly string[]>> = {
  'sdk-plugin': ['core', 'plugins', 'audit-sinks', 'auth-methods'],
  plugins: ['core', 'audit-sinks', 'auth-methods'],
  'audit-sinks': ['core', 'plugins', 'auth-methods'],
  'auth-methods': ['core', 'plugins', 'audit-sinks'],
  core: ['plugins', 'audit-sinks', 'auth-methods', 'test', 'bench'],
};
