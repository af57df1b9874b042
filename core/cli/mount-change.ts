/** `secrets` and `auth`: `enable`, `disable`, `tune` and `move`. */
import { setTimeout as wait } from 'node:timers/promises';
import { apiPath } from './api-path.ts';
import type { Command } from './command.ts';
import { member, textOf } from './json-node.ts';
import { authKind, type MountKind, secretKind } from './mount-kind.ts';
import { lockoutFields, lockoutFlags, mountFlags, optionFields, tuneFields } from './mount-settings.ts';
import { printWarnings } from './print-answer.ts';
import { printSuccess } from './print.ts';
import { clientCommand, type Session } from './session.ts';
import { UsageError } from './terminal.ts';

const enableFlags = {
  ...mountFlags,
  path: 'text',
  'plugin-name': 'text',
  'force-no-cache': 'boolean',
  local: 'boolean',
  'seal-wrap': 'boolean',
} as const;

/** Mounts one, at its type's name unless `-path` says otherwise. */
export function mountEnable(kind: MountKind): Command {
  return clientCommand(enableFlags, async ({ flags, rest, terminal, call }) => {
    const [type, more] = rest;
    if (type === undefined || more !== undefined) throw new UsageError(`Expected one argument: the type of the ${kind.noun}`);
    const named = type === 'plugin' ? (flags['plugin-name'] ?? '') : type;
    if (named === '') throw new UsageError('Must supply -plugin-name for the type plugin');
    const path = apiPath(flags.path ?? named);
    // The versions of KV have names of their own.
    const [, kvVersion] = /^kv-v([12])$/.exec(type) ?? [];
    const options = { ...(kvVersion === undefined ? {} : { version: kvVersion }), ...optionFields(flags) };
    const body = {
      type: kvVersion === undefined ? type : 'kv',
      plugin_name: flags['plugin-name'],
      description: flags.description,
      local: flags.local,
      seal_wrap: flags['seal-wrap'],
      config: { ...tuneFields(flags), force_no_cache: flags['force-no-cache'] },
      options: Object.keys(options).length === 0 ? undefined : options,
    };
    const { body: answer } = await call({ method: 'PUT', path: `${kind.api}/${path}`, body: JSON.stringify(body) });
    printWarnings(answer, terminal);
    return printSuccess(kind.enabled(named, `${path}/`), terminal);
  });
}

/** Unmounts one with all its data. */
export function mountDisable(kind: MountKind): Command {
  return clientCommand({}, async ({ rest, terminal, call }) => {
    const path = apiPath(rest[0], rest.slice(1));
    await call({ method: 'DELETE', path: `${kind.api}/${path}` });
    return printSuccess(`Disabled the ${kind.noun} (if it existed) at: ${path}/`, terminal);
  });
}

/** Changes the settings of an engine that are given. */
export const secretTune: Command = clientCommand(mountFlags, (session) => tune(secretKind, session, undefined));

/** Changes the settings of an auth method that are given. */
export const authTune: Command = clientCommand({ ...mountFlags, ...lockoutFlags }, (session) =>
  tune(authKind, session, lockoutFields(session.flags)),
);

async function tune(
  kind: MountKind,
  { flags, rest, terminal, call }: Pick<Session<typeof mountFlags>, 'flags' | 'rest' | 'terminal' | 'call'>,
  lockout: Readonly<Record<string, unknown>> | undefined,
): Promise<0> {
  const path = apiPath(rest[0], rest.slice(1));
  const body = { ...tuneFields(flags), description: flags.description, options: optionFields(flags), user_lockout_config: lockout };
  const answer = await call({ method: 'PUT', path: `${kind.api}/${path}/tune`, body: JSON.stringify(body) });
  printWarnings(answer.body, terminal);
  return printSuccess(`Tuned the ${kind.noun} at: ${path}/`, terminal);
}

const pollMs = 500;

/** Moves one to another path with its data, and waits until that is done. */
export function mountMove(kind: MountKind): Command {
  return clientCommand({}, async ({ rest, terminal, call }) => {
    if (rest.length !== 2) throw new UsageError(`Expected two arguments: the path of the ${kind.noun}, and its new one`);
    const [from, to] = rest.map(
      (argument) => `${kind.prefix}${apiPath(argument).replace(/^auth\/(?=.)/, kind.prefix === '' ? 'auth/' : '')}/`,
    );
    const { body } = await call({ method: 'PUT', path: 'sys/remount', body: JSON.stringify({ from, to }) });
    const id = textOf(member(body, 'data', 'migration_id'));
    terminal.out(`Started moving ${kind.noun} ${from} to ${to}, with migration ID ${id}\n`);
    for (;;) {
      const answer = await call({ method: 'GET', path: `sys/remount/status/${id}`, plain: true });
      const status = textOf(member(answer.body, 'data', 'migration_info', 'status'));
      if (status === 'success') return printSuccess(`Finished moving ${kind.noun} ${from} to ${to}, with migration ID ${id}`, terminal);
      if (status !== 'in-progress') throw new Error(`Failed to move ${kind.noun} ${from} to ${to}, with migration ID ${id}`);
      await wait(pollMs);
    }
  });
}
