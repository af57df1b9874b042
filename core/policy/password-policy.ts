/**
 * Password policies: how long a password is and of which characters.
 *
 *     length = 20
 *     rule "charset" { charset = "abcdefghijklmnopqrstuvwxyz" }
 *     rule "charset" { charset = "0123456789", min-chars = 2 }
 */
import { randomInt } from 'node:crypto';
import { StrongroomError } from '../errors.ts';
import { parseHcl } from './hcl.ts';
import { parseJson } from './json.ts';
import { type Member, type Node, syntaxError } from './syntax.ts';

/** Characters of a password. */
export const passwordLength: { readonly min: number; readonly max: number } = { min: 4, max: 100 };
/** UTF-8 bytes of a policy's text. */
export const passwordPolicyBytesMax = 65_536;

/** Characters, of which a password has at least so many. */
interface CharsetRule {
  readonly characters: readonly string[];
  readonly min: number;
}

/** A parsed policy. */
export interface PasswordPolicy {
  readonly length: number;
  readonly rules: readonly CharsetRule[];
}

/** Reads a policy in HCL or JSON. @throws StrongroomError `too-large`, or `invalid` with the line or the bound */
export function parsePasswordPolicy(text: string): PasswordPolicy {
  if (Buffer.byteLength(text) > passwordPolicyBytesMax)
    throw new StrongroomError('too-large', `field policy: longer than ${passwordPolicyBytesMax} bytes`);
  let length = 0;
  const rules: CharsetRule[] = [];
  for (const member of membersOf(text)) {
    if (member.name === 'length') length = wholeNumber(member.value);
    else if (member.name === 'rule') rules.push(...ruleBlocks(member.value).map(readRule));
    else throw syntaxError(member.line, 'unknown key at the top level; only length and rule are known');
  }
  if (length < passwordLength.min || length > passwordLength.max)
    throw new StrongroomError('invalid', `field policy: length must be from ${passwordLength.min} to ${passwordLength.max}`);
  if (rules.length === 0) throw new StrongroomError('invalid', 'field policy: at least one rule "charset" must be given');
  if (rules.reduce((sum, { min }) => sum + min, 0) > length)
    throw new StrongroomError('invalid', 'field policy: the sum of all min-chars must be at most the length');
  return { length, rules };
}

/** A password: what each rule asks for, the rest of any characters of the policy, in random order. */
export function generatePassword({ length, rules }: PasswordPolicy): string {
  const any = [...new Set(rules.flatMap(({ characters }) => characters))];
  const chosen = rules.flatMap(({ characters, min }) => Array.from({ length: min }, () => pick(characters)));
  while (chosen.length < length) chosen.push(pick(any));
  for (let last = chosen.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [chosen[last], chosen[other]] = [chosen[other]!, chosen[last]!];
  }
  return chosen.join('');
}

function pick(characters: readonly string[]): string {
  return characters[randomInt(characters.length)]!;
}

function membersOf(text: string): readonly Member[] {
  if (!text.trimStart().startsWith('{')) return parseHcl(text);
  const root = parseJson(text);
  return root.kind === 'object' ? root.members : [];
}

/** The bodies of `rule "charset" {…}`, also as JSON writes them: an object by name, or a list of such. */
function ruleBlocks(value: Node): readonly Node[] {
  if (value.kind === 'list') return value.items.flatMap(ruleBlocks);
  if (value.kind !== 'object') throw syntaxError(value.line, 'rule takes a name and a block');
  return value.members.flatMap((member) => {
    if (member.name.toLowerCase() !== 'charset') throw syntaxError(member.line, 'unknown rule; only charset is known');
    return member.value.kind === 'list' ? member.value.items : [member.value];
  });
}

function readRule(block: Node): CharsetRule {
  if (block.kind !== 'object') throw syntaxError(block.line, 'rule takes a name and a block');
  let characters: readonly string[] = [];
  let min = 0;
  for (const { name, value, line } of block.members) {
    if (name === 'min-chars') min = wholeNumber(value);
    else if (name !== 'charset') throw syntaxError(line, 'unknown key of a rule; only charset and min-chars are known');
    else if (value.kind === 'string') characters = Array.from(new Set(value.text));
    else throw syntaxError(line, 'charset takes text');
  }
  if (characters.length === 0) throw syntaxError(block.line, 'charset must not be empty');
  if (characters.some((character) => !/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character)))
    throw syntaxError(block.line, 'charset may only hold characters that can be printed');
  return { characters, min };
}

function wholeNumber(node: Node): number {
  const text = node.kind === 'number' ? node.lexeme : node.kind === 'string' ? node.text : '';
  if (!/^\d{1,6}$/.test(text)) throw syntaxError(node.line, 'expected a whole number that is not negative');
  return Number(text);
}
