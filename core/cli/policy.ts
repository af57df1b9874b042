/** `policy list|read|write|delete`. */
import type { Command } from './command.ts';
import { elements, isNothing, member, textOf } from './json-node.ts';
import { printWarnings } from './print-answer.ts';
import { printField, printSuccess, printTree } from './print.ts';
import { clientCommand } from './session.ts';
import { visibleText } from './visible-text.ts';
import { NothingThere, UsageError, type Terminal } from './terminal.ts';

/** Lists the names of policies. */
export const policyList: Command = clientCommand({}, async ({ rest, format, terminal, call }) => {
  if (rest.length > 0) throw new UsageError(`Too many arguments (expected 0, got ${rest.length})`);
  const { body } = await call({ method: 'GET', path: 'sys/policies/acl', query: { list: 'true' } });
  const names = member(body, 'data', 'keys');
  if (format !== 'table' && names) printTree(names, format, terminal);
  else for (const name of elements(names)) terminal.out(`${textOf(name)}\n`);
  return 0;
});

/** Prints the rules of a policy. */
export const policyRead: Command = clientCommand({}, async ({ flags, rest, format, terminal, call }) => {
  const name = policyName(rest, 1);
  const { body } = await call({ method: 'GET', path: `sys/policies/acl/${name}`, accept: [404] });
  const rules = member(body, 'data', 'policy');
  if (body === undefined || isNothing(rules)) throw new NothingThere(`No policy named: ${name}`);
  if (flags.field !== undefined) printField(member(body, 'data'), flags.field, format, terminal);
  else if (format !== 'table') printTree(member(body, 'data') ?? body, format, terminal);
  else terminal.out(`${visibleText(textOf(rules).trim())}\n`);
  return 0;
});

/** Writes a policy from a file, or from standard input for `-`. */
export const policyWrite: Command = clientCommand({}, async ({ rest, terminal, call }) => {
  const name = policyName(rest, 2);
  const policy = await policyText(rest[1] ?? '', terminal);
  if (policy.trim() === '') throw new UsageError('The policy is empty');
  const { body } = await call({ method: 'PUT', path: `sys/policies/acl/${name}`, body: JSON.stringify({ policy }) });
  printWarnings(body, terminal);
  return printSuccess(`Uploaded policy: ${name}`, terminal);
});

/** Deletes a policy. */
export const policyDelete: Command = clientCommand({}, async ({ rest, terminal, call }) => {
  const name = policyName(rest, 1);
  await call({ method: 'DELETE', path: `sys/policies/acl/${name}` });
  return printSuccess(`Deleted policy: ${name}`, terminal);
});

function policyName(rest: readonly string[], expected: number): string {
  if (rest.length !== expected)
    throw new UsageError(`${rest.length < expected ? 'Not enough' : 'Too many'} arguments (expected ${expected}, got ${rest.length})`);
  const name = (rest[0] ?? '').trim().toLowerCase();
  if (name === '') throw new UsageError('The name of the policy is empty');
  return name;
}

async function policyText(source: string, terminal: Terminal): Promise<string> {
  if (source === '-') return terminal.readStdin();
  try {
    return terminal.readFile(source.replace(/^@/, ''));
  } catch {
    throw new UsageError('cannot read the file of the policy');
  }
}
