/** `kv rollback` and `kv enable-versioning`. */
import { printJson } from '@strongroom/sdk-plugin';
import { apiPath } from './api-path.ts';
import type { Command } from './command.ts';
import { isNothing, member, textOf } from './json-node.ts';
import { kvPath } from './kv-path.ts';
import { printAnswer } from './print-answer.ts';
import { printSuccess } from './print.ts';
import { clientCommand } from './session.ts';
import { NothingThere, UsageError } from './terminal.ts';

/** Writes what a version held as the newest one; nobody's write in between is lost. */
export const kvRollback: Command = clientCommand({ mount: 'text', version: 'integer' }, async (session) => {
  const { flags, rest, call } = session;
  const { version = 0 } = flags;
  if (version <= 0) throw new UsageError('Missing flag -version: the version to go back to');
  const path = (await kvPath({ rest, call }, flags.mount, 'Rollback'))('data');
  const newest = await call({ method: 'GET', path, accept: [404], plain: true });
  const cas = member(newest.body, 'data', 'metadata', 'version');
  if (isNothing(cas)) throw new NothingThere(`No value found at ${path}`);
  const { body } = await call({ method: 'GET', path, query: { version: String(version) }, accept: [404], plain: true });
  const data = member(body, 'data', 'data');
  if (isNothing(data)) throw new NothingThere(`Cannot roll back to version ${version}: it is not there, or was deleted`);
  const answer = await call({ method: 'PUT', path, body: `{"data":${printJson(data)},"options":{"cas":${textOf(cas)}}}` });
  printAnswer(answer.body, session);
  return 0;
});

/** Makes an engine of version 1 one of version 2, with its secrets. */
export const kvEnableVersioning: Command = clientCommand({}, async ({ rest, terminal, call }) => {
  const path = apiPath(rest[0], rest.slice(1));
  await call({ method: 'PUT', path: `sys/mounts/${path}/tune`, body: '{"options":{"version":"2"}}' });
  return printSuccess(`Tuned the secrets engine at: ${path}/`, terminal);
});
