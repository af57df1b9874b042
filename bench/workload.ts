/** The data that the benchmarks work on: secrets of five fields, and a token with five policies of twenty rules. */

/** The value of one secret. */
export function fiveFields(seed: number): Readonly<Record<string, string>> {
  const text = (seed * 2_654_435_761).toString(36);
  return {
    username: `service-${seed}`,
    password: `pw-${text}-${text}`,
    host: `db-${seed % 50}.internal.example`,
    port: String(5000 + (seed % 1000)),
    comment: `rotated by the platform team, ${text}`,
  };
}

/** Path, below the mount, of a secret of the usual data set. */
export function appPath(index: number): string {
  return `team-${index % 10}/app/key-${index}`;
}

/** Path, below the mount, of a secret of the large data set: all in one directory. */
export function manyPath(index: number): string {
  return `many/secret-${String(index).padStart(7, '0')}`;
}

/** Secrets of the usual data set. */
export const keys = 10_000;

const policyCount = 5;
const rulesPerPolicy = 20;

/** The policies of the token under load. What it needs is granted by the last one, so that all of them count. */
export function policies(): readonly { readonly name: string; readonly rules: string }[] {
  return Array.from({ length: policyCount }, (_, policy) => ({ name: `bench-${policy}`, rules: rulesOf(policy) }));
}

function rulesOf(policy: number): string {
  const granted =
    policy === policyCount - 1
      ? [
          'path "secret/data/team-*" { capabilities = ["create", "read", "update"] }',
          'path "secret/data/many/*" { capabilities = ["create", "read", "update"] }',
          'path "secret/metadata/*" { capabilities = ["read", "list"] }',
          'path "auth/token/create" { capabilities = ["update"] }',
          'path "sys/rotate" { capabilities = ["update", "sudo"] }',
          'path "sys/key-status" { capabilities = ["read"] }',
        ]
      : [];
  const others = Array.from({ length: rulesPerPolicy - granted.length }, (_, rule) =>
    rule % 4 === 0
      ? `path "other/data/+/department-${policy}-${rule}/*" { capabilities = ["read"] }`
      : `path "other/data/department-${policy}/project-${rule}/*" { capabilities = ["read", "list"] }`,
  );
  return [...others, ...granted].join('\n');
}
