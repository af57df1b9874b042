/** What somebody can do about a refusal, or about no answer at all. */

/** A refusal, as far as advice depends on it. */
export interface Refusal {
  readonly path: string;
  readonly status: number;
  readonly errors: readonly string[];
  /** Whether a token was sent. */
  readonly token: boolean;
}

/** Gives a sentence, or nothing. Never repeats what the caller sent but the path. */
export function adviceFor({ path, status, errors, token }: Refusal): string {
  if (status === 403 && !token) return 'No token was sent: set VAULT_TOKEN, or log in by "strongroom login".';
  if (status === 403 && errors.some((error) => error.includes('permission denied')))
    return `The token is not valid, or its policies do not allow this at ${path}: "strongroom token capabilities ${path}" shows what they allow.`;
  if (errors.some((error) => error.includes('is sealed')))
    return 'The server is sealed, or not initialized ("strongroom status" tells): unseal it by "strongroom operator unseal".';
  if (errors.some((error) => error.includes('not initialized'))) return 'Initialize the server by "strongroom operator init".';
  if (status === 429) return 'A quota is exhausted: wait and try again.';
  return '';
}

/** Where the server was looked for, without a name and password that the address may hold. */
export function shownAddress(address: string): string {
  return address.replace(/\/$/, '').replace(/\/\/[^/]*@/, '//');
}

const untrusted = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]);

/** Words for a connection that failed: what happened, and what to look at. */
export function noAnswer(cause: unknown, address: string): Error {
  const { code = '', message = String(cause) } = (cause ?? {}) as { readonly code?: string; readonly message?: string };
  const at = shownAddress(address);
  const advice = connectionAdvice(code, message, at);
  return new Error(`${message === '' ? code : message}${advice === '' ? '' : `\n\n${advice}`}`, { cause });
}

function connectionAdvice(code: string, message: string, at: string): string {
  if (untrusted.has(code))
    return `The certificate of ${at} is signed by nobody who is trusted here: set VAULT_CACERT (or -ca-cert) to the PEM file of its authority.`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `The certificate is for another name than that of ${at}: correct VAULT_ADDR, or set VAULT_TLS_SERVER_NAME to the name it has.`;
  if (code === 'CERT_HAS_EXPIRED') return `The certificate of ${at} has expired: the server needs a new one.`;
  if (code === 'EPROTO' && /wrong version number|packet length too long|record layer/i.test(message))
    return `${at} does not speak TLS: an address that begins with http:// may be the right one in VAULT_ADDR.`;
  if (code.startsWith('ERR_SSL') || code === 'EPROTO')
    return `${at} refused the TLS connection: it may want a client certificate (VAULT_CLIENT_CERT and VAULT_CLIENT_KEY).`;
  if (code === 'ECONNRESET' && at.startsWith('http://'))
    return `${at} hung up: it may speak TLS, with an address that begins with https:// in VAULT_ADDR.`;
  if (['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'].includes(code))
    return `No server answers at ${at}: set VAULT_ADDR (or -address) to where it listens.`;
  return '';
}
