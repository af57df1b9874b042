/** Objects without versions that the clients of the model use: old secrets, what a token keeps for itself, and wrapped answers, which one may have once. */
import type { Attempt, ObjectState } from './objects.ts';

const gone = { version: 0, value: undefined };

/** Writes, reads or removes a value that is replaced as a whole: a secret of version 1, or one in a cubbyhole. */
export function registerAttempt(object: string, verb: 'write' | 'read' | 'remove', v: string): Attempt {
  if (verb === 'read')
    return {
      object,
      request: { method: 'GET', path: object },
      explain: (state, answer) => {
        if (answer === undefined || answer.status === 503) return state;
        const value = answer.status === 404 ? undefined : (answer.json.data.v as string);
        return value === state.value ? state : undefined;
      },
    };
  const value = verb === 'write' ? v : undefined;
  return {
    object,
    request: verb === 'write' ? { method: 'POST', path: object, body: { v } } : { method: 'DELETE', path: object },
    explain: (state, answer) => {
      if (answer?.status === 503) return state;
      return answer === undefined || answer.status === 204 ? { ...state, value } : undefined;
    },
  };
}

/** A wrapped answer whose making was acknowledged. */
export interface WrappedValue {
  readonly token: string;
  readonly value: string;
}

/** What is first known of it: it is there. */
export function wrappedState({ value }: WrappedValue): ObjectState {
  return { mounted: true, version: 1, value };
}

/** Unwraps it, or looks it up, which takes nothing. */
export function wrappedAttempt(wrapped: WrappedValue, verb: 'unwrap' | 'lookup'): Attempt {
  const { token, value } = wrapped;
  return {
    object: `wrapped ${token}`,
    request: { method: 'POST', path: `sys/wrapping/${verb}`, body: { token } },
    explain: (state, answer) => {
      const there = state.value !== undefined;
      if (answer === undefined) return verb === 'lookup' ? state : { ...state, ...gone };
      if (answer.status === 503) return state;
      if (answer.status === 400) return there ? undefined : state;
      if (answer.status !== 200 || !there) return undefined;
      if (verb === 'lookup') return state;
      return answer.json.data.value === value ? { ...state, ...gone } : undefined;
    },
  };
}
