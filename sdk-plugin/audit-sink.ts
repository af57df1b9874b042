/** The contract of an audit sink: takes whole lines, in order. */

/** A running sink. Calls never overlap, but `sync`, beside which lines are appended, and `close`, which comes last. */
export interface AuditSink {
  /**
   * Takes a batch: complete lines, each ending in a newline. The bytes are the sink's until it has taken them. Returns nothing when they are taken at once, which is cheapest where it can't block
   * for long; otherwise a promise of it. A throw or rejection means that nothing or a part was taken: the next batch then starts on a line
   * of its own.
   */
  append(lines: Uint8Array): Promise<void> | void;
  /** Resolves when all lines taken before the call are as safe as the sink can make them: fdatasync for a file. */
  sync(): Promise<void>;
  /**
   * The last complete line that the sink still has, so that a restarted server continues its chain; undefined for none or unknown. With `accept`,
   * the last one that it takes: what failed batches left may stand behind it. Lines are offered from the last one backwards, none left out
   * that has not been synced: what a power cut took of those is found this way.
   */
  lastLine(accept?: (line: string) => boolean): Promise<string | undefined>;
  /** Lets go of files and takes them again (SIGHUP, after an outside rotation). */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** What the default export of a sink's module makes. */
export interface AuditSinkDefinition<Options = Readonly<Record<string, unknown>>> {
  readonly kind: 'audit-sink';
  readonly name: string;
  /** JSON Schema of the options in the config file. */
  readonly optionsSchema: Readonly<Record<string, unknown>>;
  open(options: Options): Promise<AuditSink>;
}

/** Declares a sink. The host has validated the options against `optionsSchema` before `open` is called. */
export function defineAuditSink<Options>(definition: Omit<AuditSinkDefinition<Options>, 'kind'>): AuditSinkDefinition<Options> {
  return { kind: 'audit-sink', ...definition };
}
