/** The public surface of the SDK. */
export * from './audit-sink.ts';
export * from './engine.ts';
export * from './errors.ts';
export * from './json.ts';
export * as schema from './schema.ts';
