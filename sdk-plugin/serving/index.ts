/** What a room is made of: for hosts, and for the entry points that `strongroom plugin build` makes. Authors of plugins need nothing of it. */
export * from './crypto-client.ts';
export * from './engine-server.ts';
export type * from './room.ts';
export * from './messages.ts';
export * from './outline.ts';
export * from './turn.ts';
