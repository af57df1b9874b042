/** Looks a mount up for its routes, and tunes it. */
import type { schema as s } from '@strongroom/sdk-plugin';
import { StrongroomError } from '../errors.ts';
import { type Mount, readMounts, writeMounts } from '../mounts/mount-table.ts';
import { readTokenMount, tokenMountPath, writeTokenMount } from '../mounts/token-mount.ts';
import type { HostContext } from '../request/host-route.ts';
import { mountPath, withOptions } from './mount-change.ts';
import { checkPluginVersion, mountFields, type MountFields, optionTexts, tuned, tuneFields, type TuneFields } from './mount-settings.ts';

/** The fields of `tune`. */
export const tuneInput: TuneFields & Pick<MountFields, 'description' | 'options'> = {
  ...tuneFields,
  description: mountFields.description,
  options: mountFields.options,
};

/** The mount of a class at a path as a client names it. @throws StrongroomError `invalid` when there is none */
export async function existingMount(ctx: HostContext, raw: string, mountClass: Mount['class']): Promise<Mount> {
  const path = mountPath(raw, mountClass);
  const mount = path === tokenMountPath ? await readTokenMount(ctx.tx) : (await readMounts(ctx.tx)).at(path);
  if (mount?.class === mountClass) return mount;
  throw new StrongroomError('invalid', mountClass === 'auth' ? `No auth engine at ${path.slice(5)}` : `No secret engine mount at ${path}`);
}

/** Changes a mount's settings. @throws StrongroomError `invalid` naming the field and the bound */
export async function tuneMount(ctx: HostContext, mount: Mount, input: s.InferFields<typeof tuneInput>): Promise<undefined> {
  if (mount.path === tokenMountPath) return tuneTokenMount(ctx, mount, input);
  checkPluginVersion(input.plugin_version, mount.pluginVersion);
  const served = await withOptions(ctx.unsealed, mount, optionTexts({ ...mount.options, ...input.options }));
  const changed: Mount = {
    ...served,
    description: input.description ?? mount.description,
    config: tuned(mount.config, input, mount.class),
  };
  writeMounts(ctx.tx, (await readMounts(ctx.tx)).with(changed));
  return undefined;
}

/** Tokens name their type when they are made, and nobody guesses them: what is left is how long they live. */
function tuneTokenMount(ctx: HostContext, mount: Mount, input: s.InferFields<typeof tuneInput>): undefined {
  if ((input.token_type ?? '') !== '') throw new StrongroomError('invalid', "field token_type: cannot be set for 'token' auth mounts");
  if (input.user_lockout_config !== undefined)
    throw new StrongroomError('invalid', "field user_lockout_config: cannot be set for 'token' auth mounts");
  const { description = mount.description } = input;
  writeTokenMount(ctx.tx, { ...mount, description, config: tuned(mount.config, input, mount.class) });
}
