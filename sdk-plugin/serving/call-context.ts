/** What a handler is given: made of a running call piece by piece, when it is asked for. */
import type { Crypto } from '../crypto.ts';
import type { Caller, Context, MountInfo, Passwords, PluginStorage } from '../engine.ts';
import type { Rotations } from '../outside.ts';
import type { CallMessage } from './messages.ts';

/** What a running call does for its handler. */
export interface RunningCall extends Pick<Context, 'log' | 'mount'> {
  readonly message: CallMessage;
  /** The answer depends on more than storage. */
  notCacheable(): void;
  random(size: number): Uint8Array;
  get(key: string): Promise<Uint8Array | undefined>;
  text(key: string): Promise<string | undefined>;
  derived<T>(key: string, parse: (value: Uint8Array) => T): Promise<T | undefined>;
  list(directory: string, after?: string, limit?: number): Promise<readonly string[]>;
  /** @param value undefined deletes */
  write(key: string, value: Uint8Array | undefined): void;
  passwords(): Passwords;
  rotations(): Rotations;
  crypto(): Crypto;
}

/** A handler's context. Nothing of it is made before it is asked for, and what is made knows its call, so that it may be taken out. */
export class CallContext implements Context {
  declare private readonly call: RunningCall;

  constructor(call: RunningCall) {
    this.call = call;
  }

  get mount(): MountInfo {
    return this.call.mount;
  }

  get storage(): PluginStorage {
    return new CallStorage(this.call);
  }

  get passwords(): Passwords {
    return this.call.passwords();
  }

  get rotations(): Rotations {
    return this.call.rotations();
  }

  get crypto(): Crypto {
    return this.call.crypto();
  }

  get now(): Context['now'] {
    const { call } = this;
    return () => {
      call.notCacheable();
      return call.message.now;
    };
  }

  get random(): Context['random'] {
    const { call } = this;
    return (size) => {
      call.notCacheable();
      return call.random(size);
    };
  }

  get caller(): Context['caller'] {
    const { call } = this;
    return () => {
      call.notCacheable();
      // Written by the host.
      return JSON.parse(call.message.caller) as Caller;
    };
  }

  get log(): Context['log'] {
    const { call } = this;
    return (level, message) => call.log(level, message);
  }
}

/** A call's storage, made as `CallContext` is. */
class CallStorage implements PluginStorage {
  declare private readonly call: RunningCall;

  constructor(call: RunningCall) {
    this.call = call;
  }

  get get(): PluginStorage['get'] {
    const { call } = this;
    return (key) => call.get(key);
  }

  get text(): PluginStorage['text'] {
    const { call } = this;
    return (key) => call.text(key);
  }

  get list(): PluginStorage['list'] {
    const { call } = this;
    return (directory, after, limit) => call.list(directory, after, limit);
  }

  get put(): PluginStorage['put'] {
    const { call } = this;
    return (key, value) => call.write(key, value);
  }

  get delete(): PluginStorage['delete'] {
    const { call } = this;
    return (key) => call.write(key, undefined);
  }

  get derived(): PluginStorage['derived'] {
    const { call } = this;
    return (key, parse) => call.derived(key, parse);
  }
}
