/** What users see, as files that are kept: the SDK's surface as one text for each entry point, its reference, and that of the HTTP API. */
import { rollUp, withDeclarations } from './emit.ts';
import { httpReference } from './http-reference.ts';
import { referenceOf } from './reference.ts';

const testing = ['testing/test-mount', 'testing/engine-contract', 'testing/auth-method-contract', 'testing/audit-sink-contract'];

/** Makes the files anew. @returns text by path in the repo */
export async function surfaceFiles(): Promise<Readonly<Record<string, string>>> {
  return { ...sdkFiles(), 'core/docs/http-api.md': `${notice('<!--', ' -->')}${await httpReference()}\n` };
}

function sdkFiles(): Readonly<Record<string, string>> {
  return withDeclarations((folder) => ({
    'sdk-plugin/surface/index.d.ts': `${notice('//', '')}${rollUp(folder, ['index'])}`,
    'sdk-plugin/surface/testing.d.ts': `${notice('//', '')}${rollUp(folder, testing)}`,
    'sdk-plugin/docs/api.md':
      notice('<!--', ' -->') +
      referenceOf(
        'API reference',
        'What `@strongroom/sdk-plugin` exports, by topic. The [README](../README.md) teaches it; here each thing has its bounds and errors.',
        [
          { title: 'Engines', modules: ['engine', 'upon'] },
          { title: 'Input', modules: ['schema'] },
          { title: 'Refusals', modules: ['errors'] },
          { title: 'Reaching outside, and leases', modules: ['outside'] },
          { title: 'Keys and secrets', modules: ['crypto', 'secret'] },
          { title: 'Auth methods', modules: ['auth-method', 'login', 'token-settings'] },
          { title: 'Audit sinks', modules: ['audit-sink'] },
          { title: 'User JSON', modules: ['json', 'json-tree', 'json-merge-patch', 'json-subkeys', 'stringify-json'] },
          { title: 'Text', modules: ['utf8', 'duration'] },
        ],
        folder,
      ),
    'sdk-plugin/docs/testing.md':
      notice('<!--', ' -->') +
      referenceOf(
        'The test kit',
        '`TestMount` comes from `@strongroom/sdk-plugin/testing`, the contract suites from `/testing/engine-contract`, `/testing/auth-method-contract` and `/testing/audit-sink-contract`.',
        [
          { title: 'A mount', modules: ['testing/test-mount', 'testing/test-reply', 'testing/test-leases', 'testing/restarts'] },
          { title: 'Contracts', modules: testing.slice(1) },
        ],
        folder,
      ),
  }));
}

function notice(begin: string, end: string): string {
  return `${begin} Made by npm run surface; a test compares it with the source.${end}\n\n`;
}
