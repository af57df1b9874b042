import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../policy/parse.ts';
import { formatHcl } from './hcl-format.ts';
import { runAgainst, type Script } from './scripted-server.ts';

const script: Script = {
  'GET /v1/sys/policies/acl?list=true': [200, '{"data":{"keys":["default","ops","root"]}}'],
  'GET /v1/sys/policies/acl/ops': [200, '{"data":{"name":"ops","policy":"\\npath \\"a\\" {}\\n\\n"}}'],
  'GET /v1/sys/policies/acl/none': [404, '{"errors":[]}'],
  'PUT /v1/sys/policies/acl/ops': [204, ''],
  'DELETE /v1/sys/policies/acl/ops': [204, ''],
};

test.each([
  [['list'], 0, 'default\nops\nroot\n', ''],
  [['read', 'ops'], 0, 'path "a" {}\n', ''],
  [['read', '-field=name', 'Ops'], 0, 'ops', ''],
  [['read', 'none'], 2, '', 'No policy named: none\n'],
  [['write', 'ops', 'rules.hcl'], 0, 'Success! Uploaded policy: ops\n', ''],
  [['write', 'OPS', '-'], 0, 'Success! Uploaded policy: ops\n', ''],
  [['delete', 'ops'], 0, 'Success! Deleted policy: ops\n', ''],
  [['write', 'ops'], 1, '', 'Not enough arguments (expected 2, got 1)\n'],
  [['write', 'ops', 'nowhere'], 1, '', 'cannot read the file of the policy\n'],
  [['write', 'ops', 'empty'], 1, '', 'The policy is empty\n'],
  [['read', 'a', 'b'], 1, '', 'Too many arguments (expected 1, got 2)\n'],
])('policy %j exits %i', async (args, code, out, err) => {
  const around = { stdin: 'path "b" {}', files: { 'rules.hcl': 'path "a" {}\n', empty: ' \n' } };
  const outcome = await runAgainst(script, ['policy', ...args], around);
  expect(outcome).toMatchObject({ code, out, err });
  if (args[0] === 'write' && code === 0)
    expect(JSON.parse(outcome.asked[0]?.body ?? '')).toEqual({ policy: args[2] === '-' ? 'path "b" {}' : 'path "a" {}\n' });
});

describe('policy fmt', () => {
  const ugly = `# team
path   "secret/*"{
capabilities=["read","list"]   # both
      min_wrapping_ttl   =  "1s"


allowed_parameters = {
"a"=[ ]
"long" = ["x",
"y"]
}
}
path "x" { capabilities = ["deny"] }

`;
  const neat = `# team
path "secret/*" {
  capabilities     = ["read", "list"] # both
  min_wrapping_ttl = "1s"

  allowed_parameters = {
    "a" = []
    "long" = ["x",
      "y"]
  }
}
path "x" { capabilities = ["deny"] }
`;

  test('lays a file out in place, keeps its mode, and leaves one that is laid out', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'strongroom-fmt-'));
    const file = join(folder, 'p.hcl');
    try {
      writeFileSync(file, ugly, { mode: 0o640 });
      for (const _ of [1, 2]) {
        const { code, out, err } = await runAgainst({}, ['policy', 'fmt', file], { files: { [file]: readFileSync(file, 'utf8') } });
        expect([code, out, err]).toEqual([0, `Success! Formatted policy: ${file}\n`, '']);
        expect(readFileSync(file, 'utf8')).toBe(neat);
      }
      expect(statSync(file).mode & 0o777).toBe(0o640);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    ['path "a" {', 2, 'line'],
    ['{"path":{}}', 1, 'stays as it is'],
    ['rules = 1', 2, 'unknown key'],
  ])('of %j is refused', async (text, code, message) => {
    expect(await runAgainst({}, ['policy', 'fmt', 'f'], { files: { f: text } })).toMatchObject({
      code,
      out: '',
      err: expect.stringContaining(message),
    });
  });

  test('never changes a rule or a comment, and is done after once', () => {
    const gap = fc.constantFrom('', ' ', '\n', '\n\n\n', ' # c\n', '/* d\n e */', '\t');
    const value = fc.constantFrom('["read"]', '["read","list",]', '[\n"deny"\n]', '[]').filter((text) => !text.includes(',]'));
    const rule = fc
      .tuple(fc.constantFrom('a', 'b/*', 'x/+/y', 'sp ace', 'q#no', 'w/no#2', '{{identity.entity.id}}'), value, gap, gap, gap, gap)
      .map(([path, list, a, b, c, d]) => `path${a || ' '}"${path}"${b}{${c}capabilities${d}=${list}\n}`);
    const strip = (text: string): unknown => parsePolicy(text).rules.map(({ line: _line, ...rest }) => rest);
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), gap, (rules, between) => {
        const text = rules.join(between.includes('\n') ? between : '\n');
        const once = formatHcl(text);
        expect(strip(once)).toEqual(strip(text));
        expect(once.match(/# c|\/\* d\n e \*\//g) ?? []).toEqual(text.match(/# c|\/\* d\n e \*\//g) ?? []);
        expect(formatHcl(once)).toBe(once);
      }),
    );
  });
});
