/** What a user is, and how one is stored: JSON under `user/{username}`, the password as its hash only. */
import {
  changeTokenSettings,
  type Context,
  decodeUtf8,
  encodeUtf8,
  type Login,
  loginSettings,
  noTokenSettings,
  PluginError,
  type Secret,
  type TokenInput,
  type TokenSettings,
} from '@strongroom/sdk-plugin';

/** A stored user. */
export interface User {
  /** PHC form. */
  readonly passwordHash: string;
  readonly token: TokenSettings;
}

/** Directory of the users. */
export const userDirectory = 'user/';
/** Template of a user's storage key. */
export const userKey = 'user/{username}';
/** Longest name. */
export const usernameMax = 128;
/** Longest password, in UTF-16 units. */
export const passwordMax = 1024;

const usernamePattern = /^[a-z0-9_]([a-z0-9_.@-]*[a-z0-9_])?$/;

/** Whether anybody can have this (lower-cased) name. */
export function isUsername(name: string): boolean {
  return name.length <= usernameMax && usernamePattern.test(name);
}

/** @throws PluginError `invalid` for a name that nobody can have */
export function checkUsername(name: string): void {
  if (name.length > usernameMax) throw new PluginError('invalid', `field username: at most ${usernameMax} characters`);
  if (!isUsername(name))
    throw new PluginError(
      'invalid',
      'field username: must be letters, digits, _ . @ and -, beginning and ending with a letter, digit or _',
    );
}

/** The hash of a new password. @throws PluginError `invalid` for none, or one that could not be typed again */
export function hashPassword(ctx: Context, password: Secret): Promise<string> {
  const text = password.reveal();
  if (text === '') throw new PluginError('invalid', 'field password: must not be empty');
  if (!text.isWellFormed()) throw new PluginError('invalid', 'field password: must be well-formed Unicode');
  return ctx.passwords.hash(password);
}

/** A user, or undefined. */
export function readUser(ctx: Context, username: string): Promise<User | undefined> {
  return ctx.storage.derived(userDirectory + username, parseUser);
}

/** Stores a user. */
export function writeUser(ctx: Context, username: string, user: User): void {
  ctx.storage.put(userDirectory + username, encodeUtf8(JSON.stringify(user)));
}

/** A user with other settings; whoever is new has none. */
export function changedUser(passwordHash: string, before: User | undefined, input: TokenInput): User {
  return { passwordHash, token: changeTokenSettings(before?.token ?? noTokenSettings, input) };
}

/** What a user's login says. */
export function loginOf(username: string, user: User): Login {
  return { alias: username, displayName: username, metadata: { username }, ...loginSettings(user.token) };
}

function parseUser(bytes: Uint8Array): User {
  // Only writeUser puts this entry.
  return JSON.parse(decodeUtf8(bytes)) as User;
}
