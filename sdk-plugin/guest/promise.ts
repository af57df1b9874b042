/**
 * Promises whose jobs the guest runs itself: the sync runtime of componentize-qjs never runs QuickJS's own queue. The build lowers async
 * functions to generators and calls `runAsync` where esbuild has its helper. One liberty, for speed: awaiting a promise that has settled
 * goes on at once instead of in a later job.
 */

type Settle = (value?: unknown) => void;
type Reaction = ((value: never) => unknown) | null | undefined;
type Task = Generator<unknown, unknown, unknown>;

/** What goes on when a promise settles: a generator that awaits it, or the reactions of a `then`. */
interface Waiter {
  readonly task: Task | undefined;
  readonly target: GuestPromise;
  readonly fulfilled: Reaction;
  readonly rejected: Reaction;
}

/** More jobs than any handler has use for: an endless `await` ends here and not at the deadline, which would cost other mounts their calls. */
const jobsMax = 1_000_000;
const jobs: (() => void)[] = [];

/** Runs jobs until none is left. @throws RangeError after a million */
export function drain(): void {
  if (jobs.length === 0) return;
  try {
    for (let at = 0; at < jobs.length; at += 1) {
      if (at > jobsMax) throw new RangeError(`more than ${jobsMax} jobs of promises in one turn`);
      jobs[at]?.();
    }
  } finally {
    jobs.length = 0;
  }
}

/** Settles at most once, by whichever of the two functions is called first. */
function once(promise: GuestPromise): { readonly resolve: Settle; readonly reject: Settle } {
  let done = false;
  const first =
    (act: Settle): Settle =>
    (value) => {
      if (done) return;
      done = true;
      act(value);
    };
  return { resolve: first((value) => resolveWith(promise, value)), reject: first((error) => settle(promise, rejected, error)) };
}

// Numbers: QuickJS compares texts by what they say.
const pending = 0;
const fulfilled = 1;
const rejected = 2;
type State = typeof pending | typeof fulfilled | typeof rejected;

class GuestPromise {
  // On the prototype until they are set: QuickJS makes fields by a function of their own, which costs as much as the rest of it.
  declare state: State;
  declare value: unknown;
  declare waiting: Waiter[] | undefined;

  constructor(executor?: (resolve: Settle, reject: Settle) => void) {
    if (executor === undefined) return;
    const { resolve, reject } = once(this);
    try {
      executor(resolve, reject);
    } catch (error) {
      reject(error);
    }
  }

  // oxlint-disable-next-line unicorn/no-thenable -- this is the thenable
  then(onFulfilled?: Reaction, onRejected?: Reaction): GuestPromise {
    const target = new GuestPromise();
    wait(this, { task: undefined, target, fulfilled: onFulfilled, rejected: onRejected });
    return target;
  }

  /** See the SDK's `upon`. */
  upon(use: (value: unknown) => unknown): unknown {
    return this.state === fulfilled ? use(this.value) : this.then(use);
  }

  catch(onRejected?: Reaction): GuestPromise {
    return this.then(undefined, onRejected);
  }

  finally(act: () => unknown): GuestPromise {
    return this.then(
      (value: unknown) => GuestPromise.resolve(act()).then(() => value),
      (error: unknown) =>
        GuestPromise.resolve(act()).then(() => {
          throw error;
        }),
    );
  }

  static resolve(value?: unknown): GuestPromise {
    if (value instanceof GuestPromise) return value;
    const promise = new GuestPromise();
    resolveWith(promise, value);
    return promise;
  }

  static reject(error?: unknown): GuestPromise {
    const promise = new GuestPromise();
    settle(promise, rejected, error);
    return promise;
  }

  static withResolvers(): { readonly promise: GuestPromise; readonly resolve: Settle; readonly reject: Settle } {
    const promise = new GuestPromise();
    return { promise, ...once(promise) };
  }

  static try(act: (...args: readonly unknown[]) => unknown, ...args: readonly unknown[]): GuestPromise {
    return new GuestPromise((resolve) => resolve(act(...args)));
  }

  static all(items: Iterable<unknown>): GuestPromise {
    return new GuestPromise((resolve, reject) => {
      const values: unknown[] = [];
      let left = 1;
      const arrived = (): void => {
        left -= 1;
        if (left === 0) resolve(values);
      };
      for (const item of items) {
        const at = values.push(undefined) - 1;
        left += 1;
        const keep = (value: unknown): void => {
          values[at] = value;
          arrived();
        };
        GuestPromise.resolve(item).then(keep, reject);
      }
      arrived();
    });
  }

  static allSettled(items: Iterable<unknown>): GuestPromise {
    return GuestPromise.all(
      [...items].map((item) =>
        GuestPromise.resolve(item).then(
          (value: unknown) => ({ status: 'fulfilled', value }),
          (reason: unknown) => ({ status: 'rejected', reason }),
        ),
      ),
    );
  }

  static race(items: Iterable<unknown>): GuestPromise {
    return new GuestPromise((resolve, reject) => {
      for (const item of items) GuestPromise.resolve(item).then(resolve, reject);
    });
  }

  static any(items: Iterable<unknown>): GuestPromise {
    return new GuestPromise((resolve, reject) => {
      const errors: unknown[] = [];
      const all = [...items];
      if (all.length === 0) reject(new AggregateError(errors));
      for (const [at, item] of all.entries()) {
        GuestPromise.resolve(item).then(resolve, (error: unknown) => {
          errors[at] = error;
          if (Object.keys(errors).length === all.length) reject(new AggregateError(errors));
        });
      }
    });
  }
}

Object.assign(GuestPromise.prototype, { state: pending, value: undefined, waiting: undefined });

function settle(promise: GuestPromise, state: typeof fulfilled | typeof rejected, value: unknown): void {
  if (promise.state !== pending) return;
  promise.state = state;
  promise.value = value;
  const { waiting } = promise;
  if (waiting === undefined) return;
  promise.waiting = undefined;
  for (const waiter of waiting) jobs.push(() => wake(promise, waiter));
}

function resolveWith(promise: GuestPromise, value: unknown): void {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return settle(promise, fulfilled, value);
  if (value instanceof GuestPromise) {
    if (value === promise) return settle(promise, rejected, new TypeError('a promise cannot resolve to itself'));
    if (value.state !== pending) return settle(promise, value.state, value.value);
    (value.waiting ??= []).push({ task: undefined, target: promise, fulfilled: undefined, rejected: undefined });
    return;
  }
  try {
    const then: unknown = (value as { readonly then?: unknown }).then;
    if (typeof then !== 'function') return settle(promise, fulfilled, value);
    const { resolve, reject } = once(promise);
    jobs.push(() => {
      try {
        Reflect.apply(then, value, [resolve, reject]);
      } catch (error) {
        reject(error);
      }
    });
  } catch (error) {
    settle(promise, rejected, error);
  }
}

function wait(promise: GuestPromise, waiter: Waiter): void {
  if (promise.state === pending) (promise.waiting ??= []).push(waiter);
  else jobs.push(() => wake(promise, waiter));
}

function wake({ state, value }: GuestPromise, waiter: Waiter): void {
  const { task, target } = waiter;
  if (task !== undefined) return step(target, task, state === rejected, value);
  const reaction = state === fulfilled ? waiter.fulfilled : waiter.rejected;
  if (typeof reaction !== 'function') {
    if (state === fulfilled) resolveWith(target, value);
    else settle(target, rejected, value);
    return;
  }
  try {
    resolveWith(target, reaction(value as never));
  } catch (error) {
    settle(target, rejected, error);
  }
}

/** Runs an async function to its next `await` of something that has not settled. */
function step(target: GuestPromise, task: Task, failed: boolean, value: unknown): void {
  let throws = failed;
  let given = value;
  for (;;) {
    let result: IteratorResult<unknown, unknown>;
    try {
      result = throws ? task.throw(given) : task.next(given);
    } catch (error) {
      return settle(target, rejected, error);
    }
    if (result.done === true) return resolveWith(target, result.value);
    const awaited = result.value;
    if (!(awaited instanceof GuestPromise) || awaited.state === pending)
      return wait(GuestPromise.resolve(awaited), { task, target, fulfilled: undefined, rejected: undefined });
    throws = awaited.state === rejected;
    given = awaited.value;
  }
}

/** What the build calls for an async function: runs its generator and gives the promise of its result. */
function runAsync(self: unknown, args: readonly unknown[] | null, generator: (...args: readonly unknown[]) => Task): GuestPromise {
  const target = new GuestPromise();
  // `Reflect` would be looked up among the globals at every call.
  // oxlint-disable-next-line prefer-reflect-apply
  step(target, args === null ? generator.call(self) : generator.apply(self, args as unknown[]), false, undefined);
  return target;
}

/** What a promise of this guest has been fulfilled with: what need not wait for a job. */
export function fulfilledWith<T>(promise: Promise<T>): { readonly value: T } | undefined {
  const given: unknown = promise;
  // Its own value has its type.
  return given instanceof GuestPromise && given.state === fulfilled ? { value: given.value as T } : undefined;
}

Object.assign(globalThis, { Promise: GuestPromise, __strongroomRunAsync: runAsync });
