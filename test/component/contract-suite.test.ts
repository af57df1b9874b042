/** The contract suites of the examples and of what uses the rest of the contract, with their plugins in components. */
import { describe, vi } from 'vitest';

/** The module, its plugin in a component of the same source. */
const built = vi.hoisted(() => async (source: string, original: () => Promise<unknown>) => {
  const { default: plugin } = (await original()) as { readonly default: never };
  const { componentOf } = await import('../harness/components.ts');
  const { inComponent } = await import('../harness/component-engine.ts');
  return { default: await inComponent(plugin, await componentOf(source)) };
});
vi.mock('../../examples/hello/index.ts', (original) => built('examples/hello/index.ts', original));
vi.mock('../../examples/api-keys/index.ts', (original) => built('examples/api-keys/index.ts', original));
vi.mock('../../examples/door-code/index.ts', (original) => built('examples/door-code/index.ts', original));
vi.mock('../rooms/notary/index.ts', (original) => built('test/rooms/notary/index.ts', original));
vi.mock('../../auth-methods/userpass/index.ts', (original) => built('auth-methods/userpass/index.ts', original));

describe('in a component', async () => {
  await import('../contracts/examples.test.ts');
  await import('../contracts/notary.test.ts');
  await import('../../auth-methods/userpass/userpass.test.ts');
});
