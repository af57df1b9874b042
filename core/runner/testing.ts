/** What the tests of rooms share. */
import type { Call } from './thread-room.ts';

/** A call of the route `t` of the mount `m`, with nothing along. */
export const plainCall: Call = {
  phase: 'handle',
  mountId: 'm',
  mount: '{}',
  template: 't',
  verb: 'read',
  params: {},
  input: {},
  now: 1,
  caller: '{}',
  entries: [],
};
