/** What is wrong with a config file: all of it at once, each with its place. */

/** One thing to mend. */
export interface ConfigIssue {
  /** Counts from 1. */
  readonly line: number;
  /** `listeners[0].tls.cert_file`; '' for the file as a whole. */
  readonly field: string;
  /** Completes "expected …". Never quotes a value of the file. */
  readonly expected: string;
}

/** A config file that cannot be used. The message has one line for each issue: `FILE:LINE: FIELD: expected WHAT`. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly file: string;
  readonly issues: readonly ConfigIssue[];

  constructor(file: string, issues: readonly ConfigIssue[]) {
    const sorted = [...issues].sort((a, b) => a.line - b.line);
    const line = (issue: ConfigIssue): string =>
      `${file}:${issue.line}: ${issue.field === '' ? '' : `${issue.field}: `}expected ${issue.expected}`;
    super([...new Set(sorted.map(line))].join('\n'));
    this.file = file;
    this.issues = sorted;
  }
}
