/** Certificates for tests, by OpenSSL. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Makes `NAME.pem` and `NAME.key`: a certificate for 127.0.0.1 that is its own authority, or one that the authority of another name has signed. */
export function certify(directory: string, name: string, authority?: string): void {
  const file = (of: string): string => join(directory, of);
  const subject = ['-keyout', file(`${name}.key`), '-subj', `/CN=${name}`];
  if (authority === undefined) {
    openssl('req', '-x509', ...ec, ...subject, '-out', file(`${name}.pem`), '-addext', 'subjectAltName=IP:127.0.0.1');
    return;
  }
  openssl('req', ...ec, ...subject, '-out', file(`${name}.csr`));
  const ca = ['-CA', file(`${authority}.pem`), '-CAkey', file(`${authority}.key`), '-CAcreateserial'];
  openssl('x509', '-req', '-in', file(`${name}.csr`), ...ca, '-days', '2', '-out', file(`${name}.pem`));
}
