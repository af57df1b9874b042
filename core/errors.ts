/**
 * The one error class of the host. A code is one row of `errorStatus`; nobody searches message text.
 * Messages reach clients: they name the field and the bound, and never hold a secret or a quoted input.
 */

/** HTTP status of each error code: the only such table. */
export const errorStatus = {
  invalid: 400, // malformed input, a failed check-and-set, an unknown wrapping token
  credentials: 400, // a wrong password or an unknown user, said alike
  denied: 403, // refused by policy, or no valid token
  missing: 404, // nothing there
  unsupported: 405, // a verb that the path does not have
  precondition: 412, // stale read
  'too-large': 413, // a body, path or value over its bound
  'media-type': 415, // PATCH without application/merge-patch+json
  quota: 429, // rate limit
  internal: 500, // a fault of ours; details are in the log
  'storage-full': 500, // ENOSPC: reads, deletes and revocations still work
  'audit-failed': 500, // no sink took the entry
  upstream: 502, // something outside answered wrongly
  sealed: 503,
  unavailable: 503, // a room is backing off, or a transaction lost too many races
  timeout: 504, // a plugin call missed its deadline
} as const;

/** One of the rows of `errorStatus`. */
export type ErrorCode = keyof typeof errorStatus;

/** Everything the host refuses or fails with. */
export class StrongroomError extends Error {
  override readonly name = 'StrongroomError';
  readonly code: ErrorCode;
  /** The `errors` of the answer; usually just the message, empty for Vault's bare 404 and 405. */
  readonly errors: readonly string[];

  constructor(code: ErrorCode, message: string | readonly string[] = [], options?: ErrorOptions) {
    const errors = typeof message === 'string' ? [message] : message;
    super(errors.join('; ') || code, options);
    this.code = code;
    this.errors = errors;
  }

  /** HTTP status of this error. */
  get status(): number {
    return errorStatus[this.code];
  }
}
