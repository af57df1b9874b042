/** The server's refusals, printed as `vault` prints them. */

/** An answer of 400 or more. Exit code 2. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly errors: readonly string[];

  /** @param advice what the caller can do about it, or nothing */
  constructor(method: string, url: string, status: number, errors: readonly string[], advice: string) {
    const list = errors.map((error) => `* ${error}`).join('\n');
    super(`Error making API request.\n\nURL: ${method} ${url}\nCode: ${status}. Errors:\n\n${list}${advice === '' ? '' : `\n\n${advice}`}`);
    this.status = status;
    this.errors = errors;
  }
}
