/** KV's own suite, file by file, against KV in a component. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EngineDefinition } from '@strongroom/sdk-plugin';
import { describe, vi } from 'vitest';

vi.mock('../../plugins/kv/index.ts', async (original) => {
  const { default: kv } = await original<{ default: EngineDefinition }>();
  const { componentOf } = await import('../harness/components.ts');
  const { inComponent } = await import('../harness/component-engine.ts');
  return { default: await inComponent(kv, await componentOf('plugins/kv/index.ts')) };
});

vi.mock('../../plugins/kv/v1/index.ts', async (original) => {
  const { default: kvV1 } = await original<{ default: EngineDefinition }>();
  const { componentOf } = await import('../harness/components.ts');
  const { inComponent } = await import('../harness/component-engine.ts');
  return { default: await inComponent(kvV1, await componentOf('plugins/kv/v1/index.ts')) };
});

const folder = fileURLToPath(new URL('../../plugins/kv', import.meta.url));
const suites = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'));

describe.each(suites)('%s, in a component', async (file) => {
  await import(join(folder, file));
});
