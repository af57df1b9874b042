/** Every command: its words, its arguments and what it does. Help, completion and the README's table are made from here. */
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
import { unwrap } from './unwrap.ts';
import { version } from './version.ts';
import { auditDisable, auditEnable, auditList } from './audit-device.ts';
import { authHelp } from './auth-help.ts';
import { completion } from './completion.ts';
import { leaseLookup, leaseRenew, leaseRevoke } from './lease.ts';
import { list, pathHelp, read } from './logical-read.ts';
import { patch, remove, write } from './logical-write.ts';
import { authTune, mountDisable, mountEnable, mountMove, secretTune } from './mount-change.ts';
import { authKind, secretKind } from './mount-kind.ts';
import { mountList } from './mount-list.ts';
import { policyDelete, policyList, policyRead, policyWrite } from './policy.ts';
import { policyFmt } from './policy-fmt.ts';
import type { CommandTable } from './command.ts';

/** Every command. */
export const commands: CommandTable = {
  server: { usage: '--config FILE', summary: 'Run a server', command: serve },
  status: { usage: '', summary: 'Show whether the server is sealed (exit code 2 when it is)', command: status },
  login: {
    usage: '[-method=METHOD] [-path=P] [-no-store | -token-only] [-no-print] [TOKEN | - | KEY=VALUE...]',
    summary: 'Log in, and keep the token for later commands',
    command: login,
  },
  read: { usage: 'PATH [KEY=VALUE...]', summary: 'Read what is at a path', command: read },
  write: { usage: '[-force] PATH KEY=VALUE... | -', summary: 'Write to a path', command: write },
  patch: { usage: '[-force] PATH KEY=VALUE... | -', summary: 'Change keys of what is at a path', command: patch },
  list: { usage: 'PATH', summary: 'List names below a path', command: list },
  delete: { usage: 'PATH [KEY=VALUE...]', summary: 'Delete what is at a path', command: remove },
  'path-help': { usage: 'PATH', summary: 'Show what a path is for', command: pathHelp },
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
  unwrap: { usage: '[-field=F] [TOKEN | -]', summary: 'Show what a wrapping token stands for, once', command: unwrap },
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
  'secrets list': { usage: '[-detailed]', summary: 'List engines', command: mountList(secretKind) },
  'secrets enable': {
    usage: '[-path=P] [-description=D] [-options=K=V] TYPE',
    summary: 'Mount an engine',
    command: mountEnable(secretKind),
  },
  'secrets disable': { usage: 'PATH', summary: 'Unmount an engine, with all its data', command: mountDisable(secretKind) },
  'secrets tune': {
    usage: '[-default-lease-ttl=D] [-max-lease-ttl=D] PATH',
    summary: 'Change settings of an engine',
    command: secretTune,
  },
  'secrets move': { usage: 'PATH NEW-PATH', summary: 'Move an engine with its data', command: mountMove(secretKind) },
  'auth list': { usage: '[-detailed]', summary: 'List auth methods', command: mountList(authKind) },
  'auth enable': {
    usage: '[-path=P] [-description=D] [-options=K=V] TYPE',
    summary: 'Mount an auth method',
    command: mountEnable(authKind),
  },
  'auth disable': { usage: 'PATH', summary: 'Unmount an auth method, with all its data', command: mountDisable(authKind) },
  'auth tune': {
    usage: '[-default-lease-ttl=D] [-max-lease-ttl=D] PATH',
    summary: 'Change settings of an auth method',
    command: authTune,
  },
  'auth move': { usage: 'PATH NEW-PATH', summary: 'Move an auth method with its data', command: mountMove(authKind) },
  'auth help': { usage: 'PATH', summary: 'Show the paths of an auth method', command: authHelp },
  'policy list': { usage: '', summary: 'List policies', command: policyList },
  'policy read': { usage: 'NAME', summary: 'Show a policy', command: policyRead },
  'policy write': { usage: 'NAME FILE | -', summary: 'Write a policy', command: policyWrite },
  'policy delete': { usage: 'NAME', summary: 'Delete a policy', command: policyDelete },
  'policy fmt': { usage: 'FILE', summary: 'Check and indent the file of a policy', command: policyFmt },
  'lease lookup': { usage: 'ID', summary: 'Show a lease', command: leaseLookup },
  'lease renew': { usage: '[-increment=D] ID', summary: 'Make a lease last longer', command: leaseRenew },
  'lease revoke': { usage: '[-sync] ID | -prefix [-force] PREFIX', summary: 'End a lease, or all below a prefix', command: leaseRevoke },
  'audit list': { usage: '[-detailed]', summary: 'List audit devices', command: auditList },
  'audit enable': { usage: '[-path=P] [-description=D] TYPE KEY=VALUE...', summary: 'Add an audit device', command: auditEnable },
  'audit disable': { usage: 'PATH', summary: 'Remove an audit device', command: auditDisable },
  'audit verify': { usage: '[-public-key=FILE] FILE...', summary: 'Verify audit files', command: auditVerify },
  'plugin build': { usage: 'SOURCE --out FILE', summary: 'Build a plugin: .wasm a component, .mjs for threads', command: pluginBuild },
  'plugin inspect': { usage: 'FILE', summary: 'Show what a plugin asks for', command: pluginInspect },
  'plugin test': { usage: 'FILE', summary: 'Check that a plugin keeps to the contract', command: pluginTest },
  completion: {
    usage: 'bash | zsh | fish',
    summary: 'Print a script that completes commands and flags',
    command: completion(() => commands),
  },
  version: { usage: '', summary: 'Print the version', command: version },
};
