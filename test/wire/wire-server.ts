/** A server of the wire suite: the real process, with its answers noted for the coverage of routes. */
import type { RawAnswer, RawRequest } from '../harness/client.ts';
import { TestServer, type TestServerOptions } from '../harness/server.ts';
import { noteAnswer } from './coverage.ts';

/** Starts one. */
export function startWireServer(options: TestServerOptions = {}): Promise<TestServer> {
  return TestServer.start({ onAnswer: noteAnswer, ...options });
}

/** What most tests send: with the root token unless another is given. */
export type Call = (method: string, path: string, body?: unknown, token?: string) => Promise<RawAnswer>;

/** Sends to the server of a test file. @param server it is not started yet when this is made */
export function callTo(server: () => TestServer): Call {
  return (method, path, body, token = server().rootToken) =>
    server().send({ method, path, token, ...(body === undefined ? {} : { body }) });
}

/** Creates a policy and a token that has it. @returns the token */
export async function tokenWith(server: TestServer, name: string, policy: string, fields: object = {}): Promise<string> {
  await expectStatus(server, { method: 'PUT', path: `sys/policies/acl/${name}`, body: { policy } }, 204);
  const made = await expectStatus(server, { method: 'POST', path: 'auth/token/create', body: { policies: [name], ...fields } }, 200);
  return (made.json as { readonly auth: { readonly client_token: string } }).auth.client_token;
}

/** Sends a request that must get this status. @throws Error with the answer when it gets another */
export async function expectStatus(server: TestServer, request: RawRequest, status: number): Promise<RawAnswer> {
  const answer = await server.send(request);
  if (answer.status !== status) throw new Error(`${request.method} ${request.path}: ${answer.status} ${answer.text}`);
  return answer;
}
