/** The text of a config file (YAML or JSON, which is YAML too), and where in it each field stands. */
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { ConfigError } from './config-error.ts';

/** Names and indexes from the top of the file to a field. */
export type FieldPath = readonly (string | number)[];

/** A parsed file. */
export class ConfigSource {
  readonly value: unknown;
  private readonly document: Document;
  private readonly lines: LineCounter;

  /** @throws ConfigError for text that is not YAML */
  constructor(file: string, text: string) {
    this.lines = new LineCounter();
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
    const { errors } = this.document;
    if (errors.length > 0) {
      throw new ConfigError(
        file,
        // The parser's own messages quote the file.
        errors.map(({ pos, code }) => ({
          line: this.lines.linePos(pos[0]).line,
          field: '',
          expected: expectedInstead[code] ?? yaml(code),
        })),
      );
    }
    try {
      this.value = this.document.toJS({ maxAliasCount: 0 });
    } catch {
      throw new ConfigError(file, [{ line: 1, field: '', expected: 'YAML without aliases' }]);
    }
  }

  /** The line of a field's name, or of the value when it is in a list; of the nearest thing around it when it is not there. */
  lineOf(path: FieldPath): number {
    for (let length = path.length; length > 0; length -= 1) {
      const offset = this.offsetOf(path.slice(0, length));
      if (offset !== undefined) return this.lines.linePos(offset).line;
    }
    return 1;
  }

  private offsetOf(path: FieldPath): number | undefined {
    const name = path.at(-1);
    const around = path.length === 1 ? this.document.contents : this.document.getIn(path.slice(0, -1), true);
    if (isMap(around)) {
      const key = around.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === name)?.key;
      return isNode(key) ? key.range?.[0] : undefined;
    }
    const node = this.document.getIn(path, true);
    return isNode(node) ? node.range?.[0] : undefined;
  }
}

/** Writes a path as `listeners[0].tls`. */
export function fieldName(path: FieldPath): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

const expectedInstead: Readonly<Record<string, string>> = { DUPLICATE_KEY: 'each name once' };

function yaml(code: string): string {
  return `valid YAML or JSON (${code.toLowerCase().replaceAll('_', ' ')})`;
}
