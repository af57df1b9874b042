/** Flags that take `key=value` and may be given several times. */
import { UsageError } from './terminal.ts';

/** Gives an object; later values win. @throws UsageError naming the flag, for a value without `=` */
export function keyValues(flag: string, given: readonly string[] | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (given ?? []).map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new UsageError(`invalid value for flag -${flag}: must be KEY=VALUE`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
