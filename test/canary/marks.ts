/** Looks for marked values in any form in which they might stand. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The names of those that stand in a text: as they are, as hexadecimal or base64. */
export function foundIn(text: string, marks: Readonly<Record<string, string>>): readonly string[] {
  const forms = (clear: string): readonly string[] => [
    clear,
    Buffer.from(clear).toString('hex'),
    Buffer.from(clear).toString('base64').slice(0, -4),
  ];
  return Object.entries(marks).flatMap(([name, value]) => (forms(value).some((form) => text.includes(form)) ? [name] : []));
}

/** Every file below a directory. */
export function everyFile(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
