/** Decisions that anyone can read: a few rules, then a column of what they allow and deny, with the rule that decides. */
import type { DecisionTable } from './decision-table.ts';
import { capabilityTables } from './decision-tables-capabilities.ts';
import { parameterTables } from './decision-tables-parameters.ts';
import { specificityTables } from './decision-tables-specificity.ts';
import { defaultPolicyText } from './default-policy.ts';

/** All of them: these, and those that have a file of their own. */
export const tables: readonly DecisionTable[] = [
  ...capabilityTables,
  ...specificityTables,
  ...parameterTables,
  {
    title: 'exact rules',
    policies: {
      app: `
        path "secret/data/app"   { capabilities = ["read", "update"] }
        path "secret/data/app/x" { capabilities = ["create"] }
        path "sys/seal"          { capabilities = ["update", "sudo"] }`,
    },
    lines: `
      read   secret/data/app    -> allow secret/data/app
      update secret/data/app    -> allow secret/data/app
      create secret/data/app    -> deny  secret/data/app
      delete secret/data/app    -> deny  secret/data/app
      patch  secret/data/app    -> deny  secret/data/app
      list   secret/data/app    -> deny  secret/data/app
      scan   secret/data/app    -> deny  secret/data/app
      read   secret/data/app/   -> deny  -
      read   secret/data/appx   -> deny  -
      read   secret/data/ap     -> deny  -
      read   secret/data        -> deny  -
      create secret/data/app/x  -> allow secret/data/app/x
      read   secret/data/app/x  -> deny  secret/data/app/x
      read   Secret/data/app    -> deny  -
      update sys/seal           -> sudo  sys/seal
      read   sys/seal           -> deny  sys/seal`,
  },
  {
    title: 'a prefix matches whatever follows, the longest wins',
    policies: {
      app: `
        path "secret/*"          { capabilities = ["read", "list"] }
        path "secret/data/ab*"   { capabilities = ["update"] }
        path "secret/data/abc/*" { capabilities = ["delete"] }`,
    },
    lines: `
      read   secret/            -> allow secret/*
      list   secret/            -> allow secret/*
      read   secret/data/x      -> allow secret/*
      read   secret/data/a      -> allow secret/*
      read   secret             -> deny  -
      read   secrets/data       -> deny  -
      update secret/data/ab     -> allow secret/data/ab*
      read   secret/data/ab     -> deny  secret/data/ab*
      update secret/data/abz    -> allow secret/data/ab*
      update secret/data/ab/z   -> allow secret/data/ab*
      update secret/data/abc    -> allow secret/data/ab*
      delete secret/data/abc/   -> allow secret/data/abc/*
      delete secret/data/abc/z  -> allow secret/data/abc/*
      delete secret/data/abc/z/y -> allow secret/data/abc/*
      update secret/data/abc/z  -> deny  secret/data/abc/*
      read   secret/data/abd    -> deny  secret/data/ab*`,
  },
  {
    title: 'a plus matches one segment',
    policies: {
      app: `
        path "secret/+/a"    { capabilities = ["read"] }
        path "secret/+/b/*"  { capabilities = ["update"] }
        path "+/+/+/d"       { capabilities = ["delete"] }
        path "secret/+/c*"   { capabilities = ["create"] }`,
    },
    lines: `
      read   secret/x/a         -> allow secret/+/a
      read   secret//a          -> allow secret/+/a
      read   secret/a           -> deny  -
      read   secret/x/y/a       -> deny  -
      read   secret/x/a/z       -> deny  -
      read   secrets/x/a        -> deny  -
      update secret/x/b/z       -> allow secret/+/b/*
      update secret/x/b/        -> allow secret/+/b/*
      update secret/x/b         -> deny  -
      update secret/x/b/z/y     -> allow secret/+/b/*
      create secret/x/c         -> allow secret/+/c*
      create secret/x/cc/d      -> allow secret/+/c*
      create secret/x/dc        -> deny  -
      delete a/b/c/d            -> allow +/+/+/d
      delete a/b/d              -> deny  -
      delete a/b/c/d/e          -> deny  -
      delete secret/x/c/d       -> deny  secret/+/c*
      delete secret/x/b/d       -> deny  secret/+/b/*
      delete secret/x/a/d       -> allow +/+/+/d`,
  },
  {
    title: 'of several that match: the later first wildcard, then no *, then fewer +, then the longer',
    policies: {
      app: `
        path "a/+/c"      { capabilities = ["read"] }
        path "a/b/+"      { capabilities = ["update"] }
        path "a/b*"       { capabilities = ["delete"] }
        path "q/+/r*"     { capabilities = ["read"] }
        path "q/+/rs"     { capabilities = ["update"] }
        path "q/+/+"      { capabilities = ["delete"] }
        path "w/+/+/z"    { capabilities = ["read"] }
        path "w/+/y/z"    { capabilities = ["update"] }
        path "w/+/y/*"    { capabilities = ["delete"] }
        path "p/+/m*"     { capabilities = ["read"] }
        path "p/+/mn*"    { capabilities = ["update"] }
        path "p/*"        { capabilities = ["delete"] }
        path "l/+/+/c"    { capabilities = ["read"] }
        path "l/+/b/+"    { capabilities = ["update"] }
        path "t/+/m*"     { capabilities = ["read"] }
        path "t/+/mn*"    { capabilities = ["update"] }`,
    },
    lines: `
      update a/b/c     -> allow a/b/+
      read   a/b/c     -> deny  a/b/+
      read   a/x/c     -> allow a/+/c
      delete a/bb      -> allow a/b*
      delete a/bb/c    -> allow a/b*
      read   a/bb/c    -> deny  a/b*
      delete a/b/c/d   -> allow a/b*
      update q/x/rs    -> allow q/+/rs
      read   q/x/rs    -> deny  q/+/rs
      delete q/x/rt    -> allow q/+/+
      read   q/x/rt    -> deny  q/+/+
      read   q/x/rt/u  -> allow q/+/r*
      update w/x/y/z   -> allow w/+/y/z
      read   w/x/v/z   -> allow w/+/+/z
      delete w/x/y/v   -> allow w/+/y/*
      read   w/x/y/z   -> deny  w/+/y/z
      update p/x/mno   -> deny  p/*
      read   p/x/mo    -> deny  p/*
      delete p/x/o     -> allow p/*
      delete p/x       -> allow p/*
      read   l/a/b/c   -> deny  l/+/b/+
      update l/a/b/c   -> allow l/+/b/+
      update t/x/mno   -> allow t/+/mn*
      read   t/x/mo    -> allow t/+/m*
      read   l/a/d/c   -> allow l/+/+/c
      update l/a/b/d   -> allow l/+/b/+`,
  },
  {
    title: 'a deny beats what stands beside it, and is beaten by what is more specific',
    policies: {
      broad: `path "secret/*" { capabilities = ["create", "read", "update", "delete", "list"] }`,
      narrow: `
        path "secret/data/x"    { capabilities = ["deny"] }
        path "secret/data/y/*"  { capabilities = ["deny", "read"] }
        path "secret/data/y/ok" { capabilities = ["read"] }
        path "secret/+/z/k"     { capabilities = ["deny"] }`,
    },
    lines: `
      read   secret/data/x      -> deny  secret/data/x
      update secret/data/x      -> deny  secret/data/x
      list   secret/data/x      -> deny  secret/data/x
      list   secret/data/x/     -> deny  secret/data/x
      scan   secret/data/x/     -> deny  secret/data/x
      read   secret/data/xx     -> allow secret/*
      read   secret/data/x/y    -> allow secret/*
      list   secret/data/x/y/   -> allow secret/*
      read   secret/data/y      -> allow secret/*
      read   secret/data/y/a    -> deny  secret/data/y/*
      list   secret/data/y/     -> deny  secret/data/y/*
      read   secret/data/y/ok   -> allow secret/data/y/ok
      update secret/data/y/ok   -> deny  secret/data/y/ok
      read   secret/q/z/k       -> deny  secret/+/z/k
      list   secret/q/z/k       -> deny  secret/+/z/k
      list   secret/q/z/k/      -> deny  secret/+/z/k
      scan   secret/q/z/k/      -> deny  secret/+/z/k
      read   secret/q/z/k/m     -> allow secret/*
      list   secret/q/z/        -> allow secret/*`,
  },
  {
    title: 'rules for one path are united over policies',
    policies: {
      one: `path "u/a" { capabilities = ["read"] }
            path "u/b" { capabilities = ["read", "sudo"] }
            path "u/+" { capabilities = ["list"] }
            path "u/none" { capabilities = [] }`,
      two: `path "u/a" { capabilities = ["update"] }
            path "u/b" { capabilities = ["deny"] }
            path "/u/+" { policy = "write" }`,
      three: `path "u/b" { capabilities = ["update"] }`,
    },
    lines: `
      read   u/a     -> allow u/a
      update u/a     -> allow u/a
      delete u/a     -> deny  u/a
      read   u/b     -> deny  u/b
      update u/b     -> deny  u/b
      list   u/c     -> allow u/+
      create u/c     -> allow u/+
      delete u/c     -> allow u/+
      patch  u/c     -> deny  u/+
      read   u/none  -> deny  u/none
      list   u/      -> allow u/+
      list   u       -> deny  -`,
  },
  {
    title: 'LIST of a directory is also decided by the exact rule without the slash',
    policies: {
      app: `path "m/x"   { capabilities = ["list", "scan"] }
            path "m/y/"  { capabilities = ["list"] }
            path "m/z"   { capabilities = ["deny"] }
            path "m/z/"  { capabilities = ["list"] }
            path "m/+/k" { capabilities = ["list"] }
            path "m/+/j/" { capabilities = ["list"] }`,
    },
    lines: `
      list   m/x/    -> allow m/x
      scan   m/x/    -> allow m/x
      list   m/x     -> allow m/x
      list   m/x/a/  -> deny  -
      read   m/x/    -> deny  -
      list   m/y/    -> allow m/y/
      list   m/y     -> deny  -
      list   m/z/    -> allow m/z/
      list   m/z     -> deny  m/z
      scan   m/z/    -> deny  m/z/
      list   m/a/k/  -> deny  -
      list   m/a/k   -> allow m/+/k
      list   m/a/j/  -> allow m/+/j/`,
  },
  {
    title: 'the default policy',
    policies: { default: defaultPolicyText },
    lines: `
      read   auth/token/lookup-self      -> allow auth/token/lookup-self
      update auth/token/lookup-self      -> deny  auth/token/lookup-self
      update auth/token/renew-self       -> allow auth/token/renew-self
      update auth/token/revoke-self      -> allow auth/token/revoke-self
      update auth/token/create           -> deny  -
      update sys/capabilities-self       -> allow sys/capabilities-self
      update sys/capabilities            -> deny  -
      read   sys/mounts                  -> deny  -
      update sys/leases/renew            -> allow sys/leases/renew
      update sys/leases/revoke           -> deny  -
      create cubbyhole/a                 -> allow cubbyhole/*
      list   cubbyhole/                  -> allow cubbyhole/*
      read   cubbyhole                   -> deny  -
      update sys/wrapping/unwrap         -> allow sys/wrapping/unwrap
      update sys/wrapping/rewrap         -> deny  -
      update sys/tools/hash              -> allow sys/tools/hash
      update sys/tools/hash/sha2-256     -> allow sys/tools/hash/*
      read   identity/oidc/provider/p/authorize -> allow identity/oidc/provider/+/authorize
      read   identity/oidc/provider/p/q/authorize -> deny -
      read   secret/data/x               -> deny  -`,
  },
];
