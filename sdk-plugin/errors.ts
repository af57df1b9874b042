/** How a plugin refuses. Crosses to the host as data; anything else that is thrown becomes a 500 and a report in the operator's log. */

/** The codes a plugin may answer with; the host's table maps them to HTTP statuses. `credentials`: of a login, counted by the lockout. */
export type PluginErrorCode =
  | 'invalid'
  | 'credentials'
  | 'denied'
  | 'missing'
  | 'unsupported'
  | 'precondition'
  | 'media-type'
  | 'too-large'
  | 'upstream';

/** A refusal. The message reaches the client: name the field and the bound, never a secret. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
  readonly code: PluginErrorCode;

  constructor(code: PluginErrorCode, message = '') {
    super(message);
    this.code = code;
  }
}
