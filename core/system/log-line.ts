/** A line of the log for people. */

const names: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };

interface Line {
  readonly level: number;
  readonly time: number;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

/** One short line an entry, and the stack of an error below it. @param line as pino has written it in this process */
export function logLineText(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Line;
  const fields = Object.entries(rest).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  const stack = typeof err === 'object' && err !== null && 'stack' in err ? `\n${String(err.stack)}` : '';
  return `${new Date(time).toISOString()} ${(names[level] ?? '').padEnd(5)} ${msg ?? ''}${fields.join('')}${stack}\n`;
}
