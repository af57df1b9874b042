/** KV keeps to the contract of every engine. */
import type { Verb } from '@strongroom/sdk-plugin';
import { engineContract } from '@strongroom/sdk-plugin/testing/engine-contract';
import kv from './index.ts';

const everyVerb: readonly Verb[] = ['read', 'update', 'patch', 'delete', 'list', 'scan'];
const numbers = { data: { whole: 1.5, text: 'x' } };

engineContract(kv, {
  examples: [
    { verb: 'read', path: 'config' },
    { verb: 'update', path: 'config', input: { max_versions: '5', cas_required: 'false', delete_version_after: '0s' } },
    { verb: 'update', path: 'data/a/b', input: { ...numbers, options: { cas: 0 } } },
    { verb: 'update', path: 'data/a/b', input: { ...numbers, options: { cas: 0 } }, refused: 'invalid' },
    { verb: 'update', path: 'data/a/b', input: { data: { whole: 2 } } },
    { verb: 'patch', path: 'data/a/b', input: { data: { text: null, more: [] } } },
    { verb: 'read', path: 'data/a/b' },
    { verb: 'read', path: 'data/a/b', input: { version: '1' } },
    { verb: 'read', path: 'subkeys/a/b', input: { depth: 1 } },
    { verb: 'delete', path: 'data/a/b' },
    { verb: 'update', path: 'delete/a/b', input: { versions: '1,2' } },
    { verb: 'update', path: 'undelete/a/b', input: { versions: [1, 3] } },
    { verb: 'update', path: 'destroy/a/b', input: { versions: 2 } },
    { verb: 'update', path: 'metadata/a/b', input: { max_versions: 2, custom_metadata: { owner: 'x' } } },
    { verb: 'patch', path: 'metadata/a/b', input: { cas_required: true, custom_metadata: { owner: null, of: 'y' } } },
    { verb: 'read', path: 'metadata/a/b' },
    { verb: 'list', path: 'metadata/', data: { keys: ['a/'] } },
    { verb: 'list', path: 'metadata/a/', input: { limit: 1 }, data: { keys: ['b'] } },
    { verb: 'scan', path: 'metadata/a/', data: { keys: ['b'] } },
    { verb: 'scan', path: 'metadata/' },
    { verb: 'list', path: 'detailed-metadata/' },
    { verb: 'scan', path: 'detailed-metadata/' },
    { verb: 'list', path: 'detailed-metadata/a/' },
    { verb: 'scan', path: 'detailed-metadata/a/' },
    { verb: 'delete', path: 'metadata/a/b' },
    { verb: 'list', path: 'metadata/' },
    // Paths of version 1 of this engine are answered by a warning.
    ...everyVerb.flatMap((verb) => ['', 'old/path'].map((path) => ({ verb, path }))),
    ...(['read', 'update', 'patch', 'delete'] as const).map((verb) => ({ verb, path: 'metadata' })),
  ],
});
