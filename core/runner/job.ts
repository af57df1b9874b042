/** A job thread's side: work of the CPU that must not hold up the event loop. */
import { hashPassword, verifyPassword } from '../crypto/argon2.ts';

/** One job. */
export type Job =
  | { readonly kind: 'hash-password'; readonly password: string }
  | { readonly kind: 'verify-password'; readonly password: string; readonly hash: string | undefined };

/** What comes of each kind. */
export interface JobResult {
  readonly 'hash-password': string;
  readonly 'verify-password': boolean | 'malformed';
}

/** Does one. */
export default function work(job: Job): JobResult[Job['kind']] {
  return job.kind === 'hash-password' ? hashPassword(job.password) : verifyPassword(job.password, job.hash);
}
