/** What a store holds from its first commit on. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Barrier } from '../barrier/barrier.ts';
import { keyringKey } from '../barrier/keyring-change.ts';
import { Transaction, type Vault } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import { BatchTokens } from '../identity/batch-token.ts';
import type { Clock } from '../identity/clock.ts';
import { TokenStore } from '../identity/token-store.ts';
import { MountTable, writeMounts } from '../mounts/mount-table.ts';
import { defaultPolicyText } from '../policy/default-policy.ts';
import { policyDirectory } from '../policy/policy-store.ts';

/** Storage keys of the host's own secrets. */
const secretKeys = {
  tokenHash: 'core/secret/token-hash',
  auditSalt: 'core/secret/audit-salt',
  auditSigning: 'core/secret/audit-signing',
} as const;

/** The host's own secrets. */
export interface HostSecrets {
  /** 32 bytes: tokens are stored as HMACs under it. */
  readonly tokenHash: Uint8Array;
  /** 32 bytes: values in the audit are HMACs under it. */
  readonly auditSalt: Uint8Array;
  /** Ed25519 private key (PKCS #8 DER): signs audit checkpoints. */
  readonly auditSigning: Uint8Array;
}

/** Writes the first state and makes the first root token. */
export async function writeInitialState(tx: Transaction, clock: Clock, barrier: Barrier): Promise<string> {
  const tokenHash = randomBytes(32);
  tx.put(secretKeys.tokenHash, tokenHash);
  tx.put(secretKeys.auditSalt, randomBytes(32));
  tx.put(secretKeys.auditSigning, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' }));
  tx.put(keyringKey, new Uint8Array(0));
  tx.put(`${policyDirectory}default`, Buffer.from(defaultPolicyText));
  writeMounts(tx, new MountTable([]));
  return createRootToken(tx, new TokenStore(tokenHash, clock, new BatchTokens(barrier)), clock);
}

/** Makes a token that may do everything and never expires. */
export async function createRootToken(tx: Transaction, tokens: TokenStore, clock: Clock): Promise<string> {
  const { token } = await tokens.create(
    tx,
    {
      policies: ['root'],
      path: 'auth/token/root',
      displayName: 'root',
      meta: null,
      createdAt: clock.now(),
      issueTtl: 0,
      explicitMaxTtl: 0,
      period: 0,
      renewable: false,
      orphan: true,
      usesLeft: 0,
      boundCidrs: [],
    },
    undefined,
  );
  return token;
}

/** Reads the host's secrets. @throws StrongroomError `internal` when the store has none */
export async function readSecrets(tx: Transaction): Promise<HostSecrets> {
  const read = async (key: string): Promise<Uint8Array> => {
    const value = await tx.get(key);
    if (value === undefined) throw new StrongroomError('internal', `the store lacks ${key}`);
    return value;
  };
  return {
    tokenHash: await read(secretKeys.tokenHash),
    auditSalt: await read(secretKeys.auditSalt),
    auditSigning: await read(secretKeys.auditSigning),
  };
}

/** Notes a restore: the first revision of the new lineage. */
export async function markRestored(vault: Vault, after: number, now: number): Promise<void> {
  const tx = new Transaction(vault);
  tx.put('core/restored', Buffer.from(JSON.stringify({ after, at: now })));
  await tx.commit({ urgent: true }).durable;
}
