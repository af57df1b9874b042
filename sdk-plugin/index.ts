/** The public surface of the SDK. */
export * from './audit-sink.ts';
export * from './auth-method.ts';
export * from './crypto.ts';
export * from './duration.ts';
export * from './engine.ts';
export * from './errors.ts';
export * from './json.ts';
export * from './json-merge-patch.ts';
export * from './json-subkeys.ts';
export * from './json-tree.ts';
export * from './login.ts';
export * from './outside.ts';
export * from './secret.ts';
export * from './stringify-json.ts';
export * from './token-settings.ts';
export * from './upon.ts';
export * from './utf8.ts';
export * as schema from './schema.ts';
