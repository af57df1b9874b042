/** Going on with what is already there. */

/** A promise that can be looked into. */
interface Open<T> {
  upon?<R>(use: (value: T) => R): R | Promise<Awaited<R>>;
}

/**
 * What `promise.then(use)` does, at once where that can be: with a value, or with a promise of which the room can see that it is fulfilled. What a
 * component reads of the entries that came with its call costs a fifth of an `await` so. For the paths that are used most; elsewhere `await`
 * reads better.
 * @throws what `use` throws, if it runs at once
 */
export function upon<T, R>(given: T | Promise<T>, use: (value: T) => R): R | Promise<Awaited<R>> {
  if (!isThenable(given)) return use(given);
  const open: Open<T> = given as Promise<T> & Open<T>;
  // The promise becomes that of what `use` gives, as by `await`.
  return open.upon === undefined ? (given.then(use) as Promise<Awaited<R>>) : open.upon(use);
}

/** Tells a promise, of whichever room. */
export function isThenable<T>(given: T | Promise<T>): given is Promise<T> {
  return typeof given === 'object' && given !== null && 'then' in given;
}
