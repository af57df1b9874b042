/** The form of the decision tables: a few rules, then a column of what they allow and deny, with the rule that decides. */

/**
 * A table: policies by name, then lines `verb path -> outcome rule`. The outcome is `allow`, `sudo` (allowed, and sudo besides) or `deny`,
 * the rule is `-` when none matches. Before the arrow there may stand the parameters as a JSON object and `wrap=SECONDS`; a path or rule
 * that holds spaces, or nothing, stands in quotes.
 */
export interface DecisionTable {
  readonly title: string;
  readonly policies: Readonly<Record<string, string>>;
  readonly lines: string;
}

/** A line, taken apart. */
export interface DecisionRow {
  readonly verb: string;
  readonly path: string;
  /** JSON. */
  readonly parameters: string;
  readonly wrapTtl: number | undefined;
  readonly outcome: string;
  readonly rule: string;
}

const form =
  /^(?<verb>\w+)\s+(?<path>"[^"]*"|\S+)(?:\s+(?<parameters>\{.*\}))?(?:\s+wrap=(?<wrap>\d+))?\s+->\s+(?<outcome>\w+)\s+(?<rule>"[^"]*"|\S+)$/u;

/** The lines of a table, each as it is written. */
export function linesOf({ lines }: DecisionTable): readonly string[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => line.trim());
}

/** Takes a line apart. @throws Error when it has not the form */
export function readRow(line: string): DecisionRow {
  const found = form.exec(line)?.groups;
  if (found === undefined) throw new Error(`not a line of a decision table: ${line}`);
  const { verb = '', path = '', parameters = '{}', wrap, outcome = '', rule = '' } = found;
  const bare = (text: string): string => text.replace(/^"(.*)"$/u, '$1');
  return { verb, path: bare(path), parameters, wrapTtl: wrap === undefined ? undefined : Number(wrap), outcome, rule: bare(rule) };
}
