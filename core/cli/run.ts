/** Finds the command and turns what it throws into words and an exit code. */
import { ApiError } from './api-error.ts';
import { auditVerify } from './audit-verify.ts';
import { kvMetadataDelete, kvMetadataGet, kvMetadataPatch, kvMetadataPut } from './kv-metadata.ts';
import { kvGet, kvList } from './kv-read.ts';
import { kvDelete, kvDestroy, kvUndelete } from './kv-versions.ts';
import { kvPatch, kvPut } from './kv-write.ts';
import { login } from './login.ts';
import { operatorCheck } from './operator-check.ts';
import { operatorGenerateRoot } from './operator-generate-root.ts';
import { operatorInit } from './operator-init.ts';
import { operatorRekey } from './operator-rekey.ts';
import { operatorKeyStatus, operatorRotate } from './operator-rotate.ts';
import { operatorSeal, operatorUnseal } from './operator-seal.ts';
import { operatorOpenShare, operatorShareKey } from './operator-share.ts';
import { operatorBackup, operatorRestore } from './operator-snapshot.ts';
import { status } from './seal-status.ts';
import { pluginBuild, pluginInspect, pluginTest } from './plugin.ts';
import { serve } from './serve.ts';
import { tokenCapabilities, tokenLookup } from './token-look.ts';
import { tokenCreate, tokenRenew } from './token-make.ts';
import { tokenRevoke } from './token-revoke.ts';
import { NothingThere, UsageError, type Command, type ExitCode, type Terminal } from './terminal.ts';
import { unwrap } from './unwrap.ts';
import { version } from './version.ts';

/** A command by its words, with the arguments it takes and what it does. */
interface Entry {
  readonly usage: string;
  readonly summary: string;
  readonly command: Command;
}

/** Every command. */
const commands: Readonly<Record<string, Entry>> = {
  server: { usage: '--config FILE', summary: 'Run a server', command: serve },
  status: { usage: '', summary: 'Show whether the server is sealed (exit code 2 when it is)', command: status },
  login: { usage: '-method=METHOD [-path=P] [-token-only] KEY=VALUE...', summary: 'Log in and print the token', command: login },
  'token create': {
    usage: '[-policy=P]... [-ttl=D] [-type=batch] [-role=R] [-orphan] [-period=D] [-use-limit=N] [-metadata=K=V]...',
    summary: 'Create a token',
    command: tokenCreate,
  },
  'token lookup': { usage: '[-accessor] [TOKEN | ACCESSOR | -]', summary: 'Show a token, or the own one', command: tokenLookup },
  'token renew': {
    usage: '[-accessor] [-increment=D] [TOKEN | ACCESSOR | -]',
    summary: 'Renew a token, or the own one',
    command: tokenRenew,
  },
  'token revoke': {
    usage: '[-self | -accessor] [-mode=orphan|path] [TOKEN | ACCESSOR | PATH | -]',
    summary: 'Revoke a token and all below it',
    command: tokenRevoke,
  },
  'token capabilities': {
    usage: '[-accessor] [TOKEN | ACCESSOR] PATH',
    summary: 'Show what a token, or the own one, may do at a path',
    command: tokenCapabilities,
  },
  unwrap: { usage: '[-field=F] [TOKEN]', summary: 'Show what a wrapping token stands for, once', command: unwrap },
  'operator init': {
    usage: '[-key-shares=5] [-key-threshold=3] [-share-public-keys=K,K] [-status]',
    summary: 'Initialise a server',
    command: operatorInit,
  },
  'operator unseal': { usage: '[KEY | -] [-reset]', summary: 'Hand over a key share', command: operatorUnseal },
  'operator seal': { usage: '', summary: 'Seal the server', command: operatorSeal },
  'operator status': { usage: '', summary: 'As status', command: status },
  'operator rekey': {
    usage:
      '-init [-key-shares=5] [-key-threshold=3] [-share-public-keys=K,K] [-backup] [-verify] | -status | -cancel | -backup-retrieve | -backup-delete | [-verify] [-nonce=N] [KEY | -]',
    summary: 'Replace the root key and its shares',
    command: operatorRekey,
  },
  'operator rotate': { usage: '', summary: 'Rotate all keys below the root key', command: operatorRotate },
  'operator key-status': { usage: '', summary: 'Show the version of the keys', command: operatorKeyStatus },
  'operator generate-root': {
    usage: '-init [-otp=OTP] | -generate-otp | -status | -cancel | -decode=TOKEN -otp=OTP | [-nonce=N] [KEY | -]',
    summary: 'Generate a root token by a quorum of shares',
    command: operatorGenerateRoot,
  },
  'operator backup': { usage: 'FILE', summary: 'Back up a running server', command: operatorBackup },
  'operator restore': { usage: '[-force] FILE', summary: 'Restore a backup', command: operatorRestore },
  'operator share-key': { usage: 'FILE', summary: "Make a share holder's key pair", command: operatorShareKey },
  'operator open-share': {
    usage: '-key-file=FILE SHARE | -',
    summary: 'Open a share that was sealed to a holder',
    command: operatorOpenShare,
  },
  'operator check': {
    usage: '[-key-file=FILE | -key-env=NAME | -shares] DIRECTORY',
    summary: "Verify a stopped server's data directory",
    command: operatorCheck,
  },
  'kv get': { usage: '[-mount=M] [-version=N] [-field=F] PATH', summary: 'Read a secret', command: kvGet },
  'kv put': { usage: '[-mount=M] [-cas=N] PATH KEY=VALUE...', summary: 'Write a version', command: kvPut },
  'kv patch': {
    usage: '[-mount=M] [-cas=N] [-method=patch|rw] [-remove-data=K] PATH KEY=VALUE...',
    summary: 'Change keys',
    command: kvPatch,
  },
  'kv list': { usage: '[-mount=M] PATH', summary: 'List names', command: kvList },
  'kv delete': { usage: '[-mount=M] [-versions=N,N] PATH', summary: 'Delete versions', command: kvDelete },
  'kv undelete': { usage: '[-mount=M] -versions=N,N PATH', summary: 'Bring deleted versions back', command: kvUndelete },
  'kv destroy': { usage: '[-mount=M] -versions=N,N PATH', summary: 'Remove versions for good', command: kvDestroy },
  'kv metadata get': { usage: '[-mount=M] PATH', summary: 'Show settings and versions', command: kvMetadataGet },
  'kv metadata put': {
    usage: '[-mount=M] [-max-versions=N] [-cas-required] [-custom-metadata=K=V] PATH',
    summary: 'Set settings',
    command: kvMetadataPut,
  },
  'kv metadata patch': { usage: '(as put) [-remove-custom-metadata=K] PATH', summary: 'Change settings', command: kvMetadataPatch },
  'kv metadata delete': { usage: '[-mount=M] PATH', summary: 'Remove a secret with all its versions', command: kvMetadataDelete },
  'audit verify': { usage: '[-public-key=FILE] FILE...', summary: 'Verify audit files', command: auditVerify },
  'plugin build': { usage: 'SOURCE --out FILE', summary: 'Build a plugin: .wasm a component, .mjs for threads', command: pluginBuild },
  'plugin inspect': { usage: 'FILE', summary: 'Show what a plugin asks for', command: pluginInspect },
  'plugin test': { usage: 'FILE', summary: 'Check that a plugin keeps to the contract', command: pluginTest },
  version: { usage: '', summary: 'Print the version', command: version },
};

/** Runs the command that `args` name. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const words = [3, 2, 1].find((count) => Object.hasOwn(commands, args.slice(0, count).join(' ')));
  const entry = words === undefined ? undefined : commands[args.slice(0, words).join(' ')];
  if (words === undefined || !entry) return help(args, terminal);
  const rest = args.slice(words);
  if (rest.some((arg) => /^--?h(elp)?$/.test(arg))) {
    terminal.out(`Usage: strongroom ${args.slice(0, words).join(' ')} ${entry.usage}\n\n${entry.summary}\n`);
    return 0;
  }
  try {
    return await entry.command(rest, terminal);
  } catch (error) {
    terminal.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof ApiError || error instanceof NothingThere || !(error instanceof UsageError) ? 2 : 1;
  }
}

function help(args: readonly string[], terminal: Terminal): ExitCode {
  const group = args.filter((arg) => !arg.startsWith('-')).join(' ');
  const shown = Object.entries(commands).filter(([name]) => name.startsWith(`${group} `) || group === '');
  const asked = args.length === 0 || args.some((arg) => /^--?h(elp)?$/.test(arg));
  const list = (shown.length > 0 ? shown : Object.entries(commands)).map(
    ([name, { usage, summary }]) => `  ${name} ${usage}\n      ${summary}\n`,
  );
  const text = `Usage: strongroom COMMAND\n\n${list.join('')}`;
  if (asked) terminal.out(text);
  else terminal.err(text);
  return asked ? 0 : 1;
}
