/** Keys that a plugin may use. */

/** Whether a key is relative, without empty or dot segments, so that it stays below its mount, and of a length that can be stored. */
export function isStorageKey(key: string): boolean {
  return (
    key.length > 0 &&
    key.length <= 8192 &&
    !key.endsWith('/') &&
    !key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')
  );
}
