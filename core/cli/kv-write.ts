/** `kv put` and `kv patch`. */
import { isJsonNull, mergePatch, OpaqueJson, printJson, type JsonNode } from '@strongroom/sdk-plugin';
import type { Command } from './command.ts';
import type { ApiAnswer } from './api-client.ts';
import { ApiError } from './api-error.ts';
import type { FlagTable } from './flags.ts';
import { isNothing, member, objectNode } from './json-node.ts';
import { kvData } from './kv-data.ts';
import { kvPath } from './kv-path.ts';
import { printBlock, printField, printPath, printTree } from './print.ts';
import { clientCommand, type Session } from './session.ts';
import { NothingThere, UsageError, type ExitCode } from './terminal.ts';

const flags = { mount: 'text', cas: 'integer', method: 'text', 'remove-data': 'list' } as const;
const putFlags = { mount: 'text', cas: 'integer' } as const;
type Writer = Pick<Session<FlagTable>, 'format' | 'terminal' | 'call'>;

/** Writes a new version. */
export const kvPut: Command = clientCommand(putFlags, async (session) => {
  const data = await kvData(session.rest.slice(1), session.terminal);
  const path = (await kvPath(session, session.flags.mount))('data');
  const answer = await session.call({ method: 'PUT', path, body: writeBody(data, session.flags.cas) });
  return printWrite(session, path, answer, session.flags.field);
});

/** Merges into the newest version: by PATCH, or by reading and writing where PATCH is refused (`-method=patch|rw` for one of them). */
export const kvPatch: Command = clientCommand(flags, async (session) => {
  const { method, cas, mount, field } = session.flags;
  if (method !== undefined && method !== 'patch' && method !== 'rw') throw new UsageError('-method must be patch or rw');
  const patch = await patchOf(session);
  const path = (await kvPath(session, mount))('data');
  const answer = await merge(session, path, patch, method, cas);
  return printWrite(session, path, answer, field);
});

async function patchOf(session: Session<typeof flags>): Promise<JsonNode> {
  const removed = (session.flags['remove-data'] ?? []).map((name): readonly [string, JsonNode] => [name, { kind: 'scalar', text: 'null' }]);
  const args = session.rest.slice(1);
  const given = args.length === 0 && removed.length > 0 ? objectNode([]) : await kvData(args, session.terminal);
  return objectNode([...(given.kind === 'object' ? given.members : []), ...removed]);
}

async function merge(
  session: Writer,
  path: string,
  patch: JsonNode,
  method: string | undefined,
  cas: number | undefined,
): Promise<ApiAnswer> {
  if (method !== 'rw') {
    try {
      return await session.call({ method: 'PATCH', path, body: writeBody(patch, cas) });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 404) throw new NothingThere(`No value found at ${path}`);
      if (method === 'patch' || (error.status !== 403 && error.status !== 405)) throw error;
    }
  }
  const { status, body } = await session.call({ method: 'GET', path, accept: [404], plain: true });
  const current = member(body, 'data', 'data');
  if (status === 404 || current === undefined || isJsonNull(current)) throw new NothingThere(`No value found at ${path}`);
  const version = Number(printJson(member(body, 'data', 'metadata', 'version') ?? { kind: 'scalar', text: '0' }));
  if (cas !== undefined && cas !== version) throw new UsageError('check-and-set parameter did not match the current version');
  const merged = mergePatch(new OpaqueJson(printJson(current)), new OpaqueJson(printJson(patch)));
  return session.call({ method: 'PUT', path, body: `{"data":${merged.text},"options":{"cas":${version}}}` });
}

function writeBody(data: JsonNode, cas: number | undefined): string {
  return `{"data":${printJson(data)},"options":${cas === undefined || cas < 0 ? '{}' : `{"cas":${cas}}`}}`;
}

function printWrite({ format, terminal }: Writer, path: string, { body }: ApiAnswer, field: string | undefined): ExitCode {
  const data = member(body, 'data');
  if (field !== undefined) printField(data, field, format, terminal);
  else if (format !== 'table') printTree(body ?? objectNode([]), format, terminal);
  else if (isNothing(data)) terminal.out(`Success! Data written to: ${path}\n`);
  else {
    printPath('Secret Path', path, terminal);
    printBlock('Metadata', data, terminal);
  }
  return 0;
}
