/** `sys/internal/specs/openapi`: the API as this caller may use it. */
import { schema as s } from '@strongroom/sdk-plugin';
import { readMounts } from '../mounts/mount-table.ts';
import { type HostContext, type HostReply, type HostRoute, hostRoute } from '../request/host-route.ts';
import { plainAnswer } from '../request/incoming.ts';
import { type DocumentedPart, openApiDocument } from '../request/openapi.ts';
import { aclOfToken } from '../request/rights.ts';
import { enginePart, hostMounts, hostPart } from '../request/route.ts';

async function specification(ctx: HostContext, generic: boolean): Promise<HostReply> {
  const { host, unsealed, tx, caller } = ctx;
  const parts: DocumentedPart[] = hostMounts.map(([path]) => hostPart(host, `${path}/`));
  const acl = await aclOfToken(unsealed, tx, caller);
  const seen = new Set<string>();
  for (const mount of (await readMounts(tx)).mounts) {
    if (!acl.grantsAnyUnder(mount.path) || (generic && seen.has(`${mount.class} ${mount.plugin}`))) continue;
    seen.add(`${mount.class} ${mount.plugin}`);
    const part = await enginePart(unsealed, mount);
    parts.push(generic ? { ...part, genericType: mount.type } : part);
  }
  return { raw: plainAnswer(200, openApiDocument(host.apiVersion, parts)) };
}

const input = { generic_mount_paths: s.optional(s.boolean()), context: s.optional(s.string({ maxLength: 4096 })) };

/** The routes. */
export const openApiRoutes: Readonly<Record<string, HostRoute>> = hostRoute('sys/internal/specs/openapi', {
  summary: 'The API as an OpenAPI document: the mounts that the caller may use, and what belongs to the server',
  access: 'public',
  read: { input, handler: (ctx, _, { generic_mount_paths: generic }) => specification(ctx, generic === true) },
  update: { input, handler: (ctx, _, { generic_mount_paths: generic }) => specification(ctx, generic === true) },
});
