/** Tells whether a history of one object is linearizable: Wing and Gong's search, with the states seen before remembered. */

/** One operation of a history. Moments are numbers that only rise, no two the same. */
export interface Operation<State> {
  readonly invoked: number;
  readonly returned: number;
  /** Nobody was told the outcome: it took effect once before `returned`, or never. */
  readonly optional: boolean;
  /** The state after it; undefined when it can't have given this answer in this state. */
  readonly apply: (state: State) => State | undefined;
}

/** Whether some order of the operations, each between its call and its return, explains every answer. States are told apart by their JSON. */
export function isLinearizable<State>(initial: State, history: readonly Operation<State>[]): boolean {
  const operations = history.toSorted((a, b) => a.invoked - b.invoked);
  const seen = new Set<string>();
  const stack: { readonly state: State; readonly done: bigint; readonly first: number }[] = [{ state: initial, done: 0n, first: 0 }];
  for (let point = stack.pop(); point !== undefined; point = stack.pop()) {
    const { state, done } = point;
    let { first } = point;
    while (first < operations.length && isDone(done, first)) first++;
    if (first === operations.length) return true;
    const name = `${done} ${JSON.stringify(state)}`;
    if (seen.has(name)) continue;
    seen.add(name);
    // What is called only after a pending operation has returned has to wait for it.
    let until = Number.POSITIVE_INFINITY;
    for (let index = first; index < operations.length; index++) {
      const operation = operations[index];
      if (operation === undefined || operation.invoked > until) break;
      if (isDone(done, index)) continue;
      until = Math.min(until, operation.returned);
      const next = operation.apply(state);
      const after = done | (1n << BigInt(index));
      if (operation.optional) stack.push({ state, done: after, first });
      if (next !== undefined) stack.push({ state: next, done: after, first });
    }
  }
  return false;
}

function isDone(done: bigint, index: number): boolean {
  return ((done >> BigInt(index)) & 1n) === 1n;
}
