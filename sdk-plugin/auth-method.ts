/**
 * The contract of an auth method: an engine whose login operations say who somebody is.
 *
 * A login operation is one with an `alias`: a template over the path's parameters and the input's fields (`{username}`) that names who
 * is trying before any code of the plugin runs, so that the host can lock out those who guess. Its handler answers `{ login }`, and
 * the host makes the token within the same transaction; or it throws: `credentials` for a wrong password or an unknown user (both
 * after the same work, with the same message), which counts towards the lockout, and other codes, which don't.
 */
import type { Context, EngineDefinition } from './engine.ts';
import type { Login, LoginToRenew } from './login.ts';

/** An auth method as the host sees it. */
export interface AuthMethodDefinition extends Omit<EngineDefinition, 'kind'> {
  readonly kind: 'auth-method';
  /**
   * Checks, at the renewal of a token, that whoever logged in would still be let in, and says what the token may do from now on: its
   * policies and limits are replaced. Throws to refuse. It may read storage, like any handler.
   */
  readonly renew: (ctx: Context, login: LoginToRenew) => Promise<Login> | Login;
}

/** Declares an auth method: the default export of a plugin's module. */
export function defineAuthMethod(definition: Omit<AuthMethodDefinition, 'kind'>): AuthMethodDefinition {
  return { kind: 'auth-method', ...definition };
}
