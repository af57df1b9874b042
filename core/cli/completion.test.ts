import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { commands } from './commands.ts';
import { runAgainst } from './scripted-server.ts';

const script = async (shell: string): Promise<string> => (await runAgainst({}, ['completion', shell])).out;

/** What the shell offers for a line whose last word is under the cursor. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const line = `source /dev/stdin; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _strongroom; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['--norc', '-c', line, 'bash', 'strongroom', ...words], { input: await script('bash'), encoding: 'utf8', cwd: '/' });
  return out.split('\n').filter((word) => word !== '');
}

describe('in bash', () => {
  test.each([
    [['re'], ['read']],
    [['se'], ['secrets', 'server']],
    [['secrets', ''], ['disable', 'enable', 'list', 'move', 'tune']],
    [['kv', 'metadata', 'p'], ['patch', 'put']],
    [['kv', 'get', '-ver'], ['-version=']],
    [['-address', '=', 'x', 'kv', 'met'], ['metadata']],
    [['kv', 'get', '-mount', '=', 'secret', '-ver'], ['-version=']],
    [['lease', 'revoke', '-p'], ['-prefix']],
    [['kv', '-'], []],
    [['completion', '-'], []],
  ])('%j offers %j', async (words, choices) => {
    expect(await offered(...words)).toEqual(choices);
  });

  test('every command and every flag is reached, word by word', async () => {
    for (const [name, { command }] of Object.entries(commands).filter((_, index) => index % 9 === 0)) {
      const words = name.split(' ');
      expect(await offered(...words)).toContain(words.at(-1));
      const flags = (await offered(...words, '-')).map((flag) => flag.replace(/^-|=$/g, ''));
      expect(flags).toEqual(Object.keys(command.flags).sort());
    }
  });
});

test.each(['zsh', 'fish'])('the script for %s is one that it can read, and names every command', async (shell) => {
  const text = await script(shell);
  for (const name of Object.keys(commands)) for (const word of name.split(' ')) expect(text).toContain(word);
  const { error, status, stderr } = spawnSync(shell, ['-n'], { input: text, encoding: 'utf8' });
  // Where the shell is not installed, that it names the commands must do.
  expect(error === undefined ? [status, stderr] : [0, '']).toEqual([0, '']);
});

test.each([[[]], [['tcsh']], [['bash', 'zsh']], [['toString']]])('completion %j is refused', async (args) => {
  expect(await runAgainst({}, ['completion', ...args])).toMatchObject({ code: 1, out: '', err: 'Expected one argument: bash, zsh or fish\n' });
});
