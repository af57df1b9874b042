import { execFileSync, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commands } from './commands.ts';
import { runAgainst } from './scripted-server.ts';

const script = async (shell: string): Promise<string> => (await runAgainst({}, ['completion', shell])).out;

/** What the shell offers for a line whose last word is under the cursor. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const line = `eval "$(cat)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _strongroom; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['--norc', '-c', line, 'bash', 'strongroom', ...words], {
    input: await script('bash'),
    encoding: 'utf8',
    cwd: '/',
  });
  return out.split('\n').filter((word) => word !== '');
}

describe('in bash', () => {
  test.each([
    [['re'], ['read']],
    [['se'], ['secrets', 'server']],
    [
      ['secrets', ''],
      ['disable', 'enable', 'list', 'move', 'tune'],
    ],
    [
      ['kv', 'metadata', 'p'],
      ['patch', 'put'],
    ],
    [['kv', 'get', '-ver'], ['-version=']],
    [['-address', '=', 'x', 'kv', 'met'], ['metadata']],
    [['kv', 'get', '-mount', '=', 'secret', '-ver'], ['-version=']],
    [['lease', 'revoke', '-p'], ['-prefix']],
    [['kv', '-'], []],
    [['completion', '-'], []],
  ])('%j offers %j', async (words, choices) => {
    expect(await offered(...words)).toEqual(choices);
  });

  test('commands are reached with all their flags, word by word', async () => {
    for (const [name, { command }] of Object.entries(commands).filter((_, index) => index % 5 === 0)) {
      const words = name.split(' ');
      expect(await offered(...words)).toContain(words.at(-1));
      const flags = (await offered(...words, '-')).map((flag) => flag.replace(/^-|=$/g, ''));
      expect(flags).toEqual(Object.keys(command.flags).sort());
    }
  });
});

describe('in other shells', () => {
  let folder = '';
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'strongroom-completion-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs a line with the script in a file, `$1`; undefined where the shell is not installed. */
  async function inShell(shell: string, line: string): Promise<string | undefined> {
    const file = join(folder, shell);
    writeFileSync(file, await script(shell));
    const { error, stdout, stderr } = spawnSync(shell, ['-c', line, ...(shell === 'zsh' ? ['zsh'] : []), file], {
      encoding: 'utf8',
      env: { ...process.env, HOME: folder },
    });
    return error === undefined ? stdout + stderr : undefined;
  }

  test.each(['zsh', 'fish'])('the script for %s names every command', async (shell) => {
    const text = await script(shell);
    for (const name of Object.keys(commands)) for (const word of name.split(' ')) expect(text).toContain(word);
  });

  test.each([
    ['strongroom kv metadata p', 'patch\tChange settings\nput\tSet settings\n'],
    ['strongroom kv get -ver', '-version\tVersion: of the secret, or of the KV engine\n'],
    ['strongroom -x=y lea', 'lease\tCommands for lease\n'],
  ])('fish completes "%s"', async (typed, offers) => {
    expect([offers, undefined]).toContain(await inShell('fish', `source $argv[1]; complete -C '${typed}'`));
  });

  test.each([
    [['kv', 'metadata', 'p'], 'delete get patch put'],
    [['completion', ''], ''],
    [
      ['kv', 'undelete', '-'],
      '-address= -ca-cert= -client-cert= -client-key= -field= -format= -mount= -namespace= -tls-server-name= -tls-skip-verify -versions= -wrap-ttl=',
    ],
  ])('zsh offers what can follow %j', async (words, offers) => {
    // Stands for zsh's own functions, which need its line editor.
    const editor = `_describe() { print -r -- \${(j: :)\${(@)choices%%:*}} }; _files() { print }`;
    const line = `${editor}; source $1; words=(strongroom ${words.map((word) => `'${word}'`).join(' ')}); CURRENT=$#words; PREFIX=$words[-1]; _strongroom`;
    expect([`${offers}\n`, undefined]).toContain(await inShell('zsh', line));
  });
});

test.each([[[]], [['tcsh']], [['bash', 'zsh']], [['toString']]])('completion %j is refused', async (args) => {
  expect(await runAgainst({}, ['completion', ...args])).toMatchObject({
    code: 1,
    out: '',
    err: 'Expected one argument: bash, zsh or fish\n',
  });
});
