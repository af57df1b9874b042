/** The objects that the clients of the model use, each with its operations as requests and what an answer says of its state. */
import type { RawAnswer, RawRequest } from '../harness/client.ts';

/** A state of any object. `version` 0 and no value: nothing there; `mounted` is false only for the value in a mount. */
export interface ObjectState {
  readonly mounted: boolean;
  readonly version: number;
  readonly value: string | undefined;
}

/** A request with what its answer means. `explain` gives the state after it; undefined when it can't have been answered so; `answer` undefined: nobody knows. */
export interface Attempt {
  readonly object: string;
  readonly request: RawRequest;
  readonly explain: (state: ObjectState, answer: RawAnswer | undefined) => ObjectState | undefined;
  /** Called with each answer: the version that it tells. */
  readonly learn?: (version: number) => void;
}

/** What every object begins as. */
export function firstState(object: string): ObjectState {
  return { mounted: !object.startsWith('sys/mounts/'), version: 0, value: undefined };
}

const empty = { version: 0, value: undefined };

/** A refusal after too many conflicts changes nothing. */
function busy(answer: RawAnswer | undefined): boolean {
  return answer?.status === 503;
}

/** Reads a secret. */
export function readSecret(object: string, path: string, learn?: (version: number) => void): Attempt {
  return {
    object,
    request: { method: 'GET', path },
    ...(learn === undefined ? {} : { learn }),
    explain: (state, answer) => {
      if (answer === undefined || busy(answer)) return state;
      if (!state.mounted) return answer.status === 404 && answer.text.includes('no handler') ? state : undefined;
      if (answer.status === 404) return state.version === 0 && !answer.text.includes('no handler') ? state : undefined;
      const { data } = answer.json;
      return answer.status === 200 && data.metadata.version === state.version && data.data.v === state.value ? state : undefined;
    },
  };
}

/** Writes a secret. @param cas only if this is its version */
export function writeSecret(object: string, path: string, v: string, cas?: number): Attempt {
  return {
    object,
    request: { method: 'POST', path, body: { data: { v }, ...(cas === undefined ? {} : { options: { cas } }) } },
    explain: (state, answer) => {
      if (busy(answer)) return state;
      const matches = state.mounted && (cas === undefined || cas === state.version);
      const next = { ...state, version: state.version + 1, value: v };
      if (answer === undefined) return matches ? next : undefined;
      if (answer.status === 200) return matches && answer.json.data.version === next.version ? next : undefined;
      if (answer.status === 400) return !matches && state.mounted ? state : undefined;
      return answer.status === 404 && !state.mounted ? state : undefined;
    },
  };
}

/** Removes a secret with all its versions. */
export function removeSecret(object: string, path: string): Attempt {
  return {
    object,
    request: { method: 'DELETE', path: path.replace('/data/', '/metadata/') },
    explain: (state, answer) => {
      if (busy(answer)) return state;
      return answer === undefined || answer.status === 204 ? { ...state, ...empty } : undefined;
    },
  };
}

/** Writes, reads or removes a policy. */
export function policyAttempt(object: string, verb: 'write' | 'read' | 'remove', text: string): Attempt {
  const rules = `path "secret/data/${text}" { capabilities = ["read"] }`;
  if (verb === 'read')
    return {
      object,
      request: { method: 'GET', path: object },
      explain: (state, answer) => {
        if (answer === undefined || busy(answer)) return state;
        const value = answer.status === 404 ? undefined : (answer.json.data.policy as string);
        return value === state.value ? state : undefined;
      },
    };
  const value = verb === 'write' ? rules : undefined;
  return {
    object,
    request: verb === 'write' ? { method: 'PUT', path: object, body: { policy: rules } } : { method: 'DELETE', path: object },
    explain: (state, answer) => {
      if (busy(answer)) return state;
      return answer === undefined || answer.status === 204 ? { ...state, value } : undefined;
    },
  };
}

/** Mounts or unmounts an engine: what is in the mount goes with it. */
export function mountAttempt(object: string, verb: 'enable' | 'disable'): Attempt {
  if (verb === 'disable')
    return {
      object,
      request: { method: 'DELETE', path: object },
      explain: (state, answer) => {
        if (busy(answer)) return state;
        return answer === undefined || answer.status === 204 ? { mounted: false, ...empty } : undefined;
      },
    };
  return {
    object,
    request: { method: 'POST', path: object, body: { type: 'kv', options: { version: '2' } } },
    explain: (state, answer) => {
      if (busy(answer)) return state;
      if (answer?.status === 400) return state.mounted ? state : undefined;
      return (answer === undefined || answer.status === 204) && !state.mounted ? { mounted: true, ...empty } : undefined;
    },
  };
}
