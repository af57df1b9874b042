/** What a call of a test mount answers. */
import type { Login } from '../login.ts';
import type { ReplyMessage } from '../serving/messages.ts';
import type { TestLease } from './test-leases.ts';

/** An answer, as it left the plugin. */
export class TestReply {
  /** As a client would parse it. */
  declare readonly data?: unknown;
  /** Bytes in place of the envelope. */
  declare readonly raw?: Uint8Array;
  declare readonly headers?: Readonly<Record<string, string>>;
  declare readonly warnings?: readonly string[];
  declare readonly status?: number;
  declare readonly validUntil?: number;
  declare readonly leaseDuration?: number;
  declare readonly login?: Login;
  declare readonly lease?: TestLease;
  readonly #text: string | undefined;

  constructor({ data, ...plain }: NonNullable<ReplyMessage['reply']>, lease: TestLease | undefined) {
    Object.assign(this, plain, lease === undefined ? {} : { lease }, data === undefined ? {} : { data: JSON.parse(data) as unknown });
    this.#text = data;
  }

  /** The data as JSON text, byte for byte as clients get it. */
  get text(): string | undefined {
    return this.#text;
  }
}
