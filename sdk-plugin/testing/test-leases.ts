/** The leases of a test mount: kept from before `execute` begins until they are known to be ended outside, by the mount's clock. */
import { PluginError } from '../errors.ts';
import { grantedLease, type LeaseBounds, retryWaitMs } from '../hosting/index.ts';
import type { LeaseOutline } from '../serving/outline.ts';
import type { ReplyMessage } from '../serving/messages.ts';
import type { MountCalls } from './mount-calls.ts';

/** A lease. Moments in milliseconds since 1970. */
export interface TestLease {
  readonly id: string;
  /** As the plugin calls it. */
  readonly kind: string;
  /** What `revoke` and `renew` are given. */
  readonly data: unknown;
  /** `pending` until `finish` has answered; `ending` from the moment it was given up. */
  readonly state: 'pending' | 'active' | 'ending';
  readonly renewable: boolean;
  readonly expiresAt: number;
  /** No renewal goes beyond. */
  readonly maxAt: number;
  /** Why it could not be ended yet. */
  readonly failure?: string;
}

interface Kept extends TestLease {
  readonly dataText: string;
  /** Seconds that it was issued for. */
  readonly ttl: number;
  readonly pendingSince: number;
  /** When something has to be done. */
  readonly dueAt: number;
  readonly attempts: number;
  /** `execute` may still have been running when it was ended: it is ended again. */
  readonly again: boolean;
}

/** After which a lease whose `execute` failed is ended once more, as the host does. */
const quarantineMs = 120_000;

/** Keeps and ends them. */
export class TestLeases {
  readonly #calls: MountCalls;
  readonly #bounds: LeaseBounds;
  readonly #kept = new Map<string, Kept>();
  #made = 0;

  constructor(calls: MountCalls, bounds: LeaseBounds) {
    this.#calls = calls;
    this.#bounds = bounds;
  }

  /** Those that are not known to be ended. */
  get all(): readonly TestLease[] {
    return [...this.#kept.values()].map(
      ({ dataText: _text, ttl: _ttl, pendingSince: _since, dueAt: _due, attempts: _attempts, again: _again, ...lease }) => lease,
    );
  }

  /** Keeps a lease, pending. @param declared kinds of the plugin @throws Error for another */
  pend(path: string, wish: NonNullable<ReplyMessage['lease']>, declared: Readonly<Record<string, LeaseOutline>>): string {
    const kind = Object.hasOwn(declared, wish.kind) ? declared[wish.kind] : undefined;
    if (kind === undefined) throw new Error(`the engine asked for a kind of lease that it does not declare: ${wish.kind}`);
    const { now } = this.#calls;
    const { ttl, maxTtl } = grantedLease(wish, this.#bounds);
    const id = `${path}/${++this.#made}`;
    const times = { ttl, pendingSince: now, expiresAt: now + ttl * 1000, maxAt: now + maxTtl * 1000, dueAt: now + ttl * 1000 };
    const state = { state: 'pending', renewable: kind.renewable, attempts: 0, again: true } as const;
    this.#kept.set(id, { id, kind: wish.kind, data: JSON.parse(wish.data) as unknown, dataText: wish.data, ...state, ...times });
    return id;
  }

  /** Its answer may go out. @throws PluginError when it was given up meanwhile */
  activate(id: string): TestLease {
    const lease = this.#kept.get(id);
    if (lease?.state !== 'pending') throw new PluginError('upstream', 'the lease was given up before it was issued');
    // Its lifetime begins now.
    const expiresAt = lease.expiresAt + this.#calls.now - lease.pendingSince;
    const maxAt = lease.maxAt + this.#calls.now - lease.pendingSince;
    return this.#replace({ ...lease, state: 'active', again: false, expiresAt, maxAt, dueAt: expiresAt });
  }

  /** Ends one, as a revocation by hand does. @throws what the plugin's `revoke` throws: it is tried again when time passes */
  async revoke(id: string): Promise<void> {
    const lease = this.#kept.get(id);
    if (lease === undefined) return;
    const ending = this.#replace({ ...lease, state: 'ending' });
    const what = `revoke ${lease.kind}`;
    try {
      const { reply } = await this.#calls.transact({ what, phase: 'revoke-prepare', name: lease.kind, carried: lease.dataText });
      await this.#calls.outside({ what, phase: 'revoke', name: lease.kind, carried: reply.carried ?? 'null' });
    } catch (error) {
      const attempts = ending.attempts + 1;
      const dueAt = this.#calls.now + retryWaitMs(attempts);
      this.#replace({ ...ending, attempts, dueAt, failure: error instanceof Error ? error.message : String(error) });
      throw error;
    }
    if (ending.again) this.#replace({ ...ending, again: false, attempts: 0, dueAt: this.#calls.now + quarantineMs });
    else this.#kept.delete(id);
  }

  /** Makes one last longer, up to its maximum. @param seconds from now; 0: what it was issued for @param outline of its kind @throws PluginError `invalid` when it can't be; what the plugin throws */
  async renew(id: string, seconds: number, outline: LeaseOutline | undefined): Promise<TestLease> {
    const lease = this.#kept.get(id);
    const { now } = this.#calls;
    if (lease?.state !== 'active' || lease.expiresAt <= now) throw new PluginError('invalid', 'field lease_id: lease not found');
    if (!lease.renewable) throw new PluginError('invalid', 'field lease_id: lease is not renewable');
    const granted = Math.min(seconds > 0 ? seconds : lease.ttl, Math.floor((lease.maxAt - now) / 1000));
    if (outline?.renews === true) {
      const what = `renew ${lease.kind}`;
      const step = { what, name: lease.kind, seconds: granted };
      const { reply } = await this.#calls.transact({ ...step, phase: 'renew-prepare', carried: lease.dataText });
      await this.#calls.outside({ ...step, phase: 'renew', carried: reply.carried ?? 'null' });
    }
    return this.#replace({ ...lease, expiresAt: now + granted * 1000, dueAt: now + granted * 1000 });
  }

  /** The one for which something has to be done first, and when. */
  next(): { readonly id: string; readonly dueAt: number } | undefined {
    return [...this.#kept.values()].filter(({ state }) => state !== 'pending').toSorted((a, b) => a.dueAt - b.dueAt)[0];
  }

  #replace(lease: Kept): Kept {
    this.#kept.set(lease.id, lease);
    return lease;
  }
}
