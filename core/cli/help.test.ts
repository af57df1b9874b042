import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commands } from './commands.ts';
import { flagWords } from './flag-words.ts';
import { nearest } from './nearest.ts';
import { runAgainst } from './scripted-server.ts';

const entries = Object.entries(commands);

test.each(entries)('%s explains itself, with every flag', async (name, { summary, command }) => {
  const { code, out, err, asked } = await runAgainst({}, [...name.split(' '), '-h']);
  expect([code, err, asked]).toEqual([0, '', []]);
  expect(out).toContain(`Usage: strongroom ${name}`);
  expect(out).toContain(summary);
  for (const flag of Object.keys(command.flags)) expect(out).toMatch(new RegExp(`^ {2}-${flag}(=<.*)?\n {6}\\S`, 'm'));
});

test('every flag that is explained belongs to a command', () => {
  expect(Object.keys(flagWords).sort()).toEqual([...new Set(entries.flatMap(([, { command }]) => Object.keys(command.flags)))].sort());
});

test('usages name only flags that the command takes', () => {
  for (const [name, { usage, command }] of entries)
    for (const [, flag = ''] of usage.matchAll(/(?:^|[[ |])--?([a-z][a-z-]*)/g))
      expect([name, Object.keys(command.flags)]).toEqual([name, expect.arrayContaining([flag])]);
});

test('the README lists every command', () => {
  const listed = [...readFileSync(new URL('README.md', import.meta.url), 'utf8').matchAll(/^\| `([^`]+)` +\| (.+?) +\|$/gm)].map(
    ([, name, summary]) => [name, summary],
  );
  expect(listed).toEqual(entries.map(([name, { summary }]) => [name, summary]));
});

test.each([
  [['raed', 'x'], 'Did you mean "strongroom read"?'],
  [['kv', 'gte'], 'Did you mean "strongroom kv get"?'],
  [['secret', 'list'], 'Did you mean "strongroom secrets list"?'],
  [['operater', 'init'], 'Did you mean "strongroom operator init"?'],
  [['kv', 'get', '-moutn=x', 'y'], 'flag provided but not defined: -moutn. Did you mean -mount?'],
  [['status', '-adress=x'], 'Did you mean -address?'],
  [['qqqqqqqqq'], 'There is no command "qqqqqqqqq".\n"strongroom -h"'],
])('%j is told what may have been meant', async (args, message) => {
  expect(await runAgainst({}, args)).toMatchObject({ code: 1, out: '', err: expect.stringContaining(message), asked: [] });
});

test('the nearest word is one of them, and itself when it is there', () => {
  const words = entries.map(([name]) => name);
  fc.assert(fc.property(fc.string({ maxLength: 80 }), (word) => [undefined, ...words].includes(nearest(word, words))));
  for (const word of words) expect(nearest(word, words)).toBe(word);
});

describe('what is said of a mistake', () => {
  // Secrets by their places: none of them may come back on standard error, whatever else is wrong.
  const token = 'hvs.CAESIJcanaryCanaryCANARY0123456789';
  const canary = 'Canary0Secret1Value2';
  const refusing = new Proxy({}, { get: () => [403, `{"errors":["permission denied"]}`] });

  // Those that would start a server, or make the files that they are told to.
  const skipped = new Set(['server', 'operator share-key', 'operator backup', 'plugin build']);
  // What these are given is a secret in itself, of any shape.
  const takesSecret = /^(token (lookup|renew|revoke)|unwrap|login|operator (unseal|rekey|generate-root|open-share))$/;

  test.each(entries.filter(([name]) => !skipped.has(name)))('%s repeats no token and no value', async (name, { command }) => {
    const words = name.split(' ');
    const first = Object.keys(command.flags).find((flag) => !['format', 'address'].includes(flag)) ?? 'x';
    const calls = [
      ...(takesSecret.test(name) ? [[canary], [canary, canary], ['-', canary]] : []),
      [token],
      [token, token],
      ['-nosuchflag', token],
      [`-${token}`],
      [`-${canary}`, 'x'],
      ['some/path', `-${first}=${canary}`, `key=${canary}`],
      [`-${first}=${token}`, 'some/path', `key=${canary}`],
      ['some/path', `password=${canary}`, `-password=${canary}`],
      ['some/path', canary.toLowerCase().replace(/\d/g, ''), `@${token}`],
      [`-format=${token}`, 'x'],
      [`-cas=${canary}`, `-version=${canary}`, `-use-limit=${canary}`, 'x'],
    ];
    for (const args of calls) {
      const { err } = await runAgainst(refusing, [...words, ...args], { env: { VAULT_TOKEN: token }, stdin: canary });
      expect([args, err]).toEqual([args, expect.not.stringContaining('anary')]);
    }
  });

  test('an unknown command repeats neither', async () => {
    for (const args of [[token], ['kv', token], [canary], ['kv', 'gte', canary], ['read', '-format=json', '-x', token]])
      expect((await runAgainst(refusing, args)).err).not.toContain('anary');
  });
});
