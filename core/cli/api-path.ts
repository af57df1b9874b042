/** Paths of the server, as arguments name them. */
import { UsageError } from './terminal.ts';

/**
 * Takes the slashes off both ends.
 * @param more arguments after it, of which there must be none
 * @throws UsageError without a path, or with more
 */
export function apiPath(argument: string | undefined, more: readonly string[] = []): string {
  const path = (argument ?? '').trim().replace(/^\/+|\/+$/g, '');
  if (path === '') throw new UsageError('Not enough arguments (expected a path)');
  if (more.length > 0) throw new UsageError(`Too many arguments (expected 1, got ${more.length + 1})`);
  return path;
}
