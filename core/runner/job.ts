/** A job thread's side: work of the CPU that must not hold up the event loop. */
import { CryptoError } from '@strongroom/sdk-plugin';
import { hashPassword, verifyPassword } from '../crypto/argon2.ts';
import type { CryptoResult, CryptoTask } from '../crypto/web/task.ts';
import { runCrypto } from '../crypto/web/web-crypto.ts';

/** One job. */
export type Job =
  | { readonly kind: 'hash-password'; readonly password: string }
  | { readonly kind: 'verify-password'; readonly password: string; readonly hash: string | undefined }
  | { readonly kind: 'crypto'; readonly task: CryptoTask };

/** What comes of an operation on keys. Errors lose their class between threads. */
export type CryptoOutcome = CryptoResult | { readonly error: Pick<CryptoError, 'name' | 'message'> };

/** What comes of each kind. */
export interface JobResult {
  readonly 'hash-password': string;
  readonly 'verify-password': boolean | 'malformed';
  readonly crypto: CryptoOutcome;
}

/** Does one. */
export default function work(job: Job): JobResult[Job['kind']] {
  switch (job.kind) {
    case 'hash-password':
      return hashPassword(job.password);
    case 'verify-password':
      return verifyPassword(job.password, job.hash);
    case 'crypto':
    default:
      return crypto(job.task);
  }
}

function crypto(task: CryptoTask): CryptoOutcome {
  try {
    return runCrypto(task);
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    return { error: { name: error.name, message: error.message } };
  }
}
