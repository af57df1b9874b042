/** `kv delete`, `kv undelete` and `kv destroy`. */
import type { Command } from './command.ts';
import { kvPath } from './kv-path.ts';
import { clientCommand } from './session.ts';
import { UsageError } from './terminal.ts';

const flags = { mount: 'text', versions: 'list' } as const;

/** Deletes the newest version, or `-versions`. */
export const kvDelete: Command = clientCommand(flags, async ({ flags: { mount, versions }, rest, terminal, call }) => {
  const numbers = versions && versionList(versions);
  const path = await kvPath({ rest, call }, mount);
  if (numbers) await call({ method: 'PUT', path: path('delete'), body: JSON.stringify({ versions: numbers }) });
  else await call({ method: 'DELETE', path: path('data') });
  terminal.out(`Success! Data deleted (if it existed) at: ${path('data')}\n`);
  return 0;
});

/** Brings deleted versions back. */
export const kvUndelete: Command = changeVersions('undelete');

/** Removes versions for good. */
export const kvDestroy: Command = changeVersions('destroy');

function changeVersions(endpoint: 'undelete' | 'destroy'): Command {
  return clientCommand(flags, async ({ flags: { mount, versions }, rest, terminal, call }) => {
    if (!versions) throw new UsageError(`No versions provided, use the "-versions" flag to specify the version to ${endpoint}.`);
    const numbers = versionList(versions);
    const path = (await kvPath({ rest, call }, mount))(endpoint);
    await call({ method: 'PUT', path, body: JSON.stringify({ versions: numbers }) });
    terminal.out(`Success! Data written to: ${path}\n`);
    return 0;
  });
}

/** Turns `-versions=1,2 -versions=3` into a list. @throws UsageError for anything but whole numbers over 0 */
function versionList(given: readonly string[]): readonly number[] {
  return given
    .flatMap((list) => list.split(','))
    .map((text) => {
      if (!/^ *[1-9][0-9]{0,14} *$/.test(text)) throw new UsageError('-versions takes whole numbers, separated by commas');
      return Number(text);
    });
}
