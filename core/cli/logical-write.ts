/** `write`, `patch` and `delete`: any path of the server. */
import { printJson } from '@strongroom/sdk-plugin';
import { apiPath } from './api-path.ts';
import type { Command } from './command.ts';
import { isNothing, member } from './json-node.ts';
import { kvData } from './kv-data.ts';
import { printAnswer, printWarnings } from './print-answer.ts';
import { printSuccess } from './print.ts';
import { queryOf } from './query.ts';
import { clientCommand, type Session } from './session.ts';
import { NothingThere, UsageError, type ExitCode } from './terminal.ts';

const force = { force: 'boolean', f: 'boolean' } as const;

/** Writes `key=value` to a path; nothing with `-force`. */
export const write: Command = clientCommand(force, (session) => send(session, 'PUT'));

/** Changes the keys that are given. */
export const patch: Command = clientCommand(force, (session) => send(session, 'PATCH'));

async function send(session: Session<typeof force>, method: 'PUT' | 'PATCH'): Promise<ExitCode> {
  const { flags, rest, format, terminal, call } = session;
  const path = apiPath(rest[0]);
  const forced = flags.force === true || flags.f === true;
  if (rest.length < 2 && !forced) throw new UsageError('Must supply data or use -force');
  const body = rest.length < 2 ? '{}' : printJson(await kvData(rest.slice(1), terminal));
  const answer = await call({ method, path, body, accept: [404] });
  if (answer.status === 404) throw new NothingThere(`No value found at ${path}`);
  const said = ['data', 'auth', 'lease_id'].some((part) => !isNothing(member(answer.body, part)));
  if (said && answer.status !== 204) {
    printAnswer(answer.body, session);
    return 0;
  }
  printWarnings(answer.body, terminal);
  if (flags.field !== undefined) throw new UsageError('The answer has no fields');
  // Programs read the other formats: they are not told in words.
  return format === 'table' ? printSuccess(`Data written to: ${path}`, terminal) : 0;
}

/** Deletes what is at a path; `key=value` goes into the query. */
export const remove: Command = clientCommand({}, async ({ flags, rest, format, terminal, call }) => {
  const path = apiPath(rest[0]);
  const query = rest.length > 1 ? queryOf(await kvData(rest.slice(1), terminal)) : {};
  const { body } = await call({ method: 'DELETE', path, query });
  if (!isNothing(member(body, 'data'))) {
    printAnswer(body, { flags, format, terminal });
    return 0;
  }
  printWarnings(body, terminal);
  return format === 'table' ? printSuccess(`Data deleted (if it existed) at: ${path}`, terminal) : 0;
});
