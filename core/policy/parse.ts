/** Reads the text of an ACL policy, in HCL or JSON. */
import { StrongroomError } from '../errors.ts';
import { capabilityBits, isCapability, legacyCapabilities, type Capabilities } from './capability.ts';
import { parseDuration } from './duration.ts';
import { parseHcl } from './hcl.ts';
import { isIdentityExpression } from './identity-template.ts';
import { parseJson } from './json.ts';
import { parsePattern } from './pattern.ts';
import { syntaxError, type Member, type Node } from './syntax.ts';
import { hasTemplate, templateFault } from './template.ts';
import { nodeValue, type Value } from './value.ts';

/** UTF-8 bytes of a policy text. */
export const policyBytesMax = 1_048_576;

/** A parsed policy: its rules in the order of the text. */
export interface Policy {
  readonly rules: readonly PolicyRule[];
}

/** One `path` block. */
export interface PolicyRule {
  /** The pattern without its leading slash; may hold `{{…}}`. */
  readonly path: string;
  /** Line of the text on which the block starts. */
  readonly line: number;
  /** `deny` stands alone: what else was granted beside it is gone. */
  readonly capabilities: Capabilities;
  /** By name in lower case; an empty list stands for any value. */
  readonly allowedParameters: ReadonlyMap<string, readonly Value[]>;
  readonly deniedParameters: ReadonlyMap<string, readonly Value[]>;
  /** In lower case. */
  readonly requiredParameters: readonly string[];
  /** Seconds; 0 for no bound. */
  readonly minWrappingTtl: number;
  readonly maxWrappingTtl: number;
}

/**
 * Reads a policy, in time linear in its length. Anything that is not understood is refused: a rule that is silently dropped is a right silently given or taken.
 * @param text HCL, or JSON when its first character is `{`; at most `policyBytesMax` bytes
 * @throws StrongroomError `too-large`, or `invalid` with the line
 */
export function parsePolicy(text: string): Policy {
  if (text.length > policyBytesMax || Buffer.byteLength(text) > policyBytesMax)
    throw new StrongroomError('too-large', `policy: longer than ${policyBytesMax} bytes`);
  const rules: PolicyRule[] = [];
  for (const member of readText(text)) {
    // Vault reads and ignores a name inside the text.
    if (member.name === 'name' && member.value.kind === 'string') continue;
    if (member.name !== 'path') throw syntaxError(member.line, 'unknown key at the top level; only path is known');
    for (const block of pathBlocks(member.value)) rules.push(readRule(block));
  }
  return { rules };
}

function readText(text: string): readonly Member[] {
  if (!text.trimStart().startsWith('{')) return parseHcl(text);
  const root = parseJson(text);
  return root.kind === 'object' ? root.members : [];
}

/** The value of `path`: an object by pattern, or (JSON) a list of such. */
function pathBlocks(value: Node): readonly Member[] {
  if (value.kind === 'object') return value.members;
  if (value.kind !== 'list') throw syntaxError(value.line, 'path takes a pattern in quotes and a block');
  return value.items.flatMap((item) => {
    if (item.kind !== 'object') throw syntaxError(item.line, 'path takes objects by pattern');
    return item.members;
  });
}

interface RuleDraft {
  capabilities: Capabilities;
  allowedParameters: ReadonlyMap<string, readonly Value[]>;
  deniedParameters: ReadonlyMap<string, readonly Value[]>;
  requiredParameters: readonly string[];
  minWrappingTtl: number;
  maxWrappingTtl: number;
}

const readers: Readonly<Record<string, (rule: RuleDraft, value: Node) => void>> = {
  capabilities: (rule, value) => {
    for (const item of listOf(value)) {
      if (item.kind !== 'string' || !isCapability(item.text)) throw syntaxError(item.line, 'unknown capability');
      rule.capabilities |= capabilityBits[item.text];
    }
  },
  policy: (rule, value) => {
    const words = value.kind === 'string' && Object.hasOwn(legacyCapabilities, value.text) ? legacyCapabilities[value.text] : undefined;
    if (!words) throw syntaxError(value.line, 'policy must be read, write, sudo or deny');
    for (const word of words) rule.capabilities |= capabilityBits[word];
  },
  allowed_parameters: (rule, value) => {
    rule.allowedParameters = parameterLists(value);
  },
  denied_parameters: (rule, value) => {
    rule.deniedParameters = parameterLists(value);
  },
  required_parameters: (rule, value) => {
    rule.requiredParameters = listOf(value).map((item) => {
      if (item.kind !== 'string') throw syntaxError(item.line, 'required_parameters takes names');
      return item.text.toLowerCase();
    });
  },
  min_wrapping_ttl: (rule, value) => {
    rule.minWrappingTtl = durationOf(value);
  },
  max_wrapping_ttl: (rule, value) => {
    rule.maxWrappingTtl = durationOf(value);
  },
};

function readRule(block: Member): PolicyRule {
  if (block.value.kind !== 'object') throw syntaxError(block.line, 'a path needs a block in braces');
  const rule: RuleDraft = {
    capabilities: 0,
    allowedParameters: new Map(),
    deniedParameters: new Map(),
    requiredParameters: [],
    minWrappingTtl: 0,
    maxWrappingTtl: 0,
  };
  const seen = new Set<string>();
  for (const member of block.value.members) {
    const reader = Object.hasOwn(readers, member.name) ? readers[member.name] : undefined;
    if (!reader) throw syntaxError(member.line, `unknown key; known are ${Object.keys(readers).join(', ')}`);
    if (seen.has(member.name)) throw syntaxError(member.line, `${member.name} is given twice`);
    seen.add(member.name);
    reader(rule, member.value);
  }
  if (rule.maxWrappingTtl > 0 && rule.maxWrappingTtl < rule.minWrappingTtl)
    throw syntaxError(block.line, 'max_wrapping_ttl is below min_wrapping_ttl');
  const path = readPath(block);
  if ((rule.capabilities & capabilityBits.deny) !== 0) return { ...rule, path, line: block.line, capabilities: capabilityBits.deny };
  return { ...rule, path, line: block.line };
}

function readPath(block: Member): string {
  try {
    if (!hasTemplate(block.name)) return parsePattern(block.name).source;
    const fault = templateFault(block.name, isIdentityExpression);
    if (fault !== undefined) throw new StrongroomError('invalid', fault);
    return block.name.startsWith('/') ? block.name.slice(1) : block.name;
  } catch (error) {
    if (error instanceof StrongroomError) throw syntaxError(block.line, error.message);
    throw error;
  }
}

function listOf(value: Node): readonly Node[] {
  if (value.kind !== 'list') throw syntaxError(value.line, 'expected a list');
  return value.items;
}

function parameterLists(value: Node): ReadonlyMap<string, readonly Value[]> {
  if (value.kind !== 'object') throw syntaxError(value.line, 'expected lists of values by parameter name');
  const lists = new Map<string, readonly Value[]>();
  for (const member of value.members) {
    const name = member.name.toLowerCase();
    if (lists.has(name)) throw syntaxError(member.line, 'a parameter is given twice (names are compared without case)');
    lists.set(
      name,
      listOf(member.value).map((item) => boundedValue(item)),
    );
  }
  return lists;
}

function boundedValue(item: Node): Value {
  try {
    return nodeValue(item);
  } catch (error) {
    if (error instanceof StrongroomError) throw syntaxError(item.line, error.message);
    throw error;
  }
}

function durationOf(value: Node): number {
  const text = value.kind === 'string' ? value.text : value.kind === 'number' ? value.lexeme : '';
  const seconds = parseDuration(text);
  if (seconds === undefined) throw syntaxError(value.line, 'expected a duration such as 90, "90s" or "1h30m"');
  return seconds;
}
