/** What whoever runs plugins does by their outline, the server as the test kit: finds routes, reads input. Authors of plugins need nothing of it. */
export { parseSeconds } from '../duration.ts';
export * from './cidr.ts';
export * from './follow.ts';
export * from './lease-times.ts';
export * from './migrations.ts';
export * from './read-input.ts';
export * from './reply-fault.ts';
export * from './retry.ts';
export * from './rotation.ts';
export * from './route-table.ts';
export * from './storage-key.ts';
