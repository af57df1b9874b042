/** What the checks of node-vault share. */
import { readFileSync } from 'node:fs';
import nodeVault from 'node-vault';
import { expect } from 'vitest';
import { type ClientServer, startClientServer } from '../tls-server.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- answers of every shape
type Command = (args?: object) => Promise<any>;

/** A client, with all commands of its table: its types know only some. */
export type Client = ReturnType<typeof nodeVault> & Readonly<Record<string, Command>>;

/** One command. @param v a client that has the root token */
export type Check = (v: Client, c: Context) => Promise<void>;

/** A token as it is answered. */
export interface Made {
  readonly client_token: string;
  readonly accessor: string;
}

/** A server that node-vault has initialized. */
export class Context {
  readonly on: ClientServer;
  shares: readonly string[] = [];
  rootToken = '';

  private constructor(on: ClientServer) {
    this.on = on;
  }

  static async start(): Promise<Context> {
    const context = new Context(await startClientServer());
    const operator = context.client();
    const made = (await operator.init({ secret_shares: 3, secret_threshold: 2 })) as { keys: string[]; root_token: string };
    context.shares = made.keys;
    context.rootToken = made.root_token;
    await context.unseal(operator);
    const root = context.client(made.root_token);
    await root.write('keys/config', { url: context.on.serviceUrl, token: 'service-token' });
    await root.write('keys/roles/app', { ttl: '1h' });
    return context;
  }

  client(token?: string, options: object = {}, requestOptions: object = {}): Client {
    const ca = readFileSync(this.on.caFile);
    const made: unknown = nodeVault({
      endpoint: this.on.address,
      ...(token === undefined ? {} : { token }),
      ...options,
      requestOptions: { ca, ...requestOptions },
    });
    return made as Client;
  }

  async unseal(vault: Client): Promise<void> {
    for (const key of this.shares.slice(0, 2)) await vault.unseal({ key });
  }

  /** A token. Made by a client of its own: one that makes, renews or logs in goes on with the token that it was answered. */
  async token(fields: object = { policies: ['default'] }): Promise<Made> {
    return ((await this.client(this.rootToken).tokenCreate(fields)) as { auth: Made }).auth;
  }

  lookup({ client_token: token }: Made): Promise<unknown> {
    return this.client(token).tokenLookupSelf();
  }

  async issue(): Promise<{ lease_id: string }> {
    return (await this.client(this.rootToken).read('keys/creds/app')) as { lease_id: string };
  }
}

/** Expects this status, and words in what the client throws. */
export async function refused(call: Promise<unknown>, statusCode: number, words = ''): Promise<void> {
  await expect(call).rejects.toMatchObject({ response: { statusCode }, message: expect.stringContaining(words) as string });
}
