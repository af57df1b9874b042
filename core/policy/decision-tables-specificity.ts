/** Which of two rules counts, each criterion against each that stands below it, and what paths are the same. */
import type { DecisionTable } from './decision-table.ts';

/** Pair by pair: in each path two rules match, and the criteria that differ are named in the title. */
export const specificityTables: readonly DecisionTable[] = [
  {
    title: 'an exact rule beats every other, also those that are longer',
    policies: {
      app: `
        path "e/a/b"    { capabilities = ["read"] }
        path "e/a/b*"   { capabilities = ["update"] }
        path "e/a/+"    { capabilities = ["delete"] }
        path "e/+/b"    { capabilities = ["create"] }
        path "e/*"      { capabilities = ["patch"] }
        path "e/d"      { capabilities = [] }`,
    },
    lines: `
      read   e/a/b   -> allow e/a/b
      update e/a/b   -> deny  e/a/b
      delete e/a/b   -> deny  e/a/b
      update e/a/bc  -> allow e/a/b*
      delete e/a/bc  -> deny  e/a/b*
      delete e/a/c   -> allow e/a/+
      create e/c/b   -> allow e/+/b
      patch  e/c/d   -> allow e/*
      patch  e/d     -> deny  e/d`,
  },
  {
    title: 'the later first wildcard beats no *, fewer +, more length',
    policies: {
      star: `
        path "f/aa*"       { capabilities = ["read"] }
        path "f/+"         { capabilities = ["update"] }
        path "g/a/+/+/+"   { capabilities = ["read"] }
        path "g/+/b/c/d"   { capabilities = ["update"] }
        path "h/a*"        { capabilities = ["read"] }
        path "h/+/bbbbbb*" { capabilities = ["update"] }
        path "i/a/+"       { capabilities = ["read"] }
        path "i/a*"        { capabilities = ["update"] }
        path "i/*"         { capabilities = ["delete"] }`,
    },
    lines: `
      read   f/aab      -> allow f/aa*
      update f/aab      -> deny  f/aa*
      update f/ab       -> allow f/+
      read   f/aab/c    -> allow f/aa*
      read   g/a/b/c/d  -> allow g/a/+/+/+
      update g/a/b/c/d  -> deny  g/a/+/+/+
      update g/z/b/c/d  -> allow g/+/b/c/d
      read   h/a/bbbbbb -> allow h/a*
      update h/a/bbbbbb -> deny  h/a*
      update h/z/bbbbbb -> allow h/+/bbbbbb*
      read   i/a/b      -> allow i/a/+
      update i/a/b      -> deny  i/a/+
      update i/a/b/c    -> allow i/a*
      update i/ab       -> allow i/a*
      delete i/b        -> allow i/*`,
  },
  {
    title: 'of two with the same first wildcard, the one without * beats fewer + and more length',
    policies: {
      app: `
        path "j/+/+"       { capabilities = ["read"] }
        path "j/+/long*"   { capabilities = ["update"] }
        path "k/+/+/+"     { capabilities = ["read"] }
        path "k/+/a/b*"    { capabilities = ["update"] }
        path "l/+"         { capabilities = ["read"] }
        path "l/*"         { capabilities = ["update"] }`,
    },
    lines: `
      read   j/a/long    -> allow j/+/+
      update j/a/long    -> deny  j/+/+
      update j/a/long/er -> allow j/+/long*
      read   k/x/a/b     -> allow k/+/+/+
      update k/x/a/b     -> deny  k/+/+/+
      update k/x/a/b/c   -> allow k/+/a/b*
      read   l/a         -> allow l/+
      update l/a         -> deny  l/+
      update l/a/b       -> allow l/*
      read   l/          -> allow l/+`,
  },
  {
    title: 'then fewer + beats more length, then the longer, then the later in order',
    policies: {
      app: `
        path "m/+/+/c*"    { capabilities = ["read"] }
        path "m/+/bb/c*"    { capabilities = ["update"] }
        path "n/+/b*"       { capabilities = ["read"] }
        path "n/+/bb*"      { capabilities = ["update"] }
        path "n/+/bbb*"     { capabilities = ["delete"] }
        path "o/+/+/c/+"    { capabilities = ["read"] }
        path "o/+/b/+/+"    { capabilities = ["update"] }
        path "o/+/b/c/+"    { capabilities = ["delete"] }
        path "p/+/a/+"      { capabilities = ["read"] }
        path "p/+/+/a"      { capabilities = ["update"] }`,
    },
    lines: `
      update m/a/bb/c    -> allow m/+/bb/c*
      read   m/a/bb/c    -> deny  m/+/bb/c*
      read   m/a/b/c     -> allow m/+/+/c*
      read   n/a/b       -> allow n/+/b*
      update n/a/bb      -> allow n/+/bb*
      read   n/a/bb      -> deny  n/+/bb*
      delete n/a/bbb     -> allow n/+/bbb*
      delete n/a/bbbb/c  -> allow n/+/bbb*
      read   n/a/bbbb/c  -> deny  n/+/bbb*
      delete o/a/b/c/d   -> allow o/+/b/c/+
      read   o/a/b/c/d   -> deny  o/+/b/c/+
      read   o/a/z/c/d   -> allow o/+/+/c/+
      update o/a/b/z/d   -> allow o/+/b/+/+
      read   p/x/a/a     -> allow p/+/a/+
      update p/x/a/a     -> deny  p/+/a/+
      update p/x/b/a     -> allow p/+/+/a`,
  },
  {
    title: 'a path is compared letter by letter: case, percent signs, spaces, other scripts, slashes',
    policies: {
      app: `
        path "q/App"     { capabilities = ["read"] }
        path "q/a%2fb"   { capabilities = ["read"] }
        path "q/a b"     { capabilities = ["read"] }
        path "q/é"       { capabilities = ["read"] }
        path "/q/slash"  { capabilities = ["read"] }
        path "q/dir/"    { capabilities = ["read", "list"] }
        path "q/.*"      { capabilities = ["read"] }
        path "q/(a|b)c" { capabilities = ["read"] }`,
    },
    lines: `
      read "q/App"       -> allow q/App
      read q/app         -> deny  -
      read q/APP         -> deny  -
      read Q/App         -> deny  -
      read q/a%2fb       -> allow q/a%2fb
      read q/a%2Fb       -> deny  -
      read q/a/b         -> deny  -
      read "q/a b"       -> allow "q/a b"
      read q/a%20b       -> deny  -
      read q/a+b         -> deny  -
      read q/é           -> allow q/é
      read q/e\u0301     -> deny  -
      read q/e           -> deny  -
      read q/slash       -> allow q/slash
      read /q/slash      -> deny  -
      read q/slash/      -> deny  -
      read q/dir/        -> allow q/dir/
      read q/dir         -> deny  -
      list q/dir/        -> allow q/dir/
      list q/dir         -> deny  -
      read q/.x          -> allow q/.*
      read q/x           -> deny  -
      read q/ac          -> deny  -
      read q/(a|b)c      -> allow q/(a|b)c`,
  },
  {
    title: 'the empty path and the root',
    policies: { all: 'path "*" { capabilities = ["read", "list"] }', top: 'path "+" { capabilities = ["update", "list"] }' },
    lines: `
      read   ""    -> deny  +
      update ""    -> allow +
      update a     -> allow +
      read   a     -> deny  +
      read   a/    -> allow *
      read   a/b   -> allow *
      list   a/    -> allow *
      list   ""    -> allow +
      list   a     -> allow +`,
  },
  {
    title: 'without any rule nothing is allowed',
    policies: { empty: '', comment: '# nothing' },
    lines: `
      read   a     -> deny -
      list   a/    -> deny -
      update ""    -> deny -
      read   sys/health -> deny -`,
  },
  {
    title: 'a deny of one policy beats what any number of others grant, but only for its own pattern',
    policies: {
      one: 'path "r/+/x" { capabilities = ["read", "update", "sudo"] }\npath "r/y*" { capabilities = ["read"] }',
      two: 'path "r/+/x" { capabilities = ["deny"] }\npath "r/y*" { policy = "deny" }',
      three:
        'path "r/+/x" { capabilities = ["delete"] }\npath "r/y/ok" { capabilities = ["read"] }\npath "r/*" { capabilities = ["list"] }',
    },
    lines: `
      read   r/a/x   -> deny  r/+/x
      update r/a/x   -> deny  r/+/x
      delete r/a/x   -> deny  r/+/x
      list   r/a/x   -> deny  r/+/x
      list   r/a/x/  -> deny  r/+/x
      list   r/a/    -> allow r/*
      read   r/y     -> deny  r/y*
      read   r/y/no  -> deny  r/y*
      read   r/y/ok  -> allow r/y/ok
      delete r/y/ok  -> deny  r/y/ok
      list   r/z     -> allow r/*`,
  },
  {
    title: 'LIST and SCAN of a directory against denies with and without the slash',
    policies: {
      app: `
        path "t/*"      { capabilities = ["read", "list", "scan"] }
        path "t/a"      { capabilities = ["deny"] }
        path "t/b/"     { capabilities = ["deny"] }
        path "t/c*"     { capabilities = ["deny"] }
        path "t/+/d"    { capabilities = ["deny"] }
        path "t/+/e/"   { capabilities = ["deny"] }
        path "t/f"      { capabilities = ["deny"] }
        path "t/f/"     { capabilities = ["list"] }`,
    },
    lines: `
      list t/a     -> deny  t/a
      list t/a/    -> deny  t/a
      scan t/a/    -> deny  t/a
      list t/a/x/  -> allow t/*
      read t/a/x   -> allow t/*
      list t/b     -> allow t/*
      list t/b/    -> deny  t/b/
      scan t/b/    -> deny  t/b/
      read t/b     -> allow t/*
      list t/c/    -> deny  t/c*
      list t/cc/   -> deny  t/c*
      list t/x/d   -> deny  t/+/d
      list t/x/d/  -> deny  t/+/d
      scan t/x/d/  -> deny  t/+/d
      list t/x/e   -> allow t/*
      list t/x/e/  -> deny  t/+/e/
      list t/f/    -> allow t/f/
      scan t/f/    -> deny  t/f/
      list t/f     -> deny  t/f`,
  },
];
