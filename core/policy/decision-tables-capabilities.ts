/** What each capability grants, alone, in the older notation, and beside others. */
import type { DecisionTable } from './decision-table.ts';

/** Verb by verb. */
export const capabilityTables: readonly DecisionTable[] = [
  {
    title: 'each capability grants its own verb and no other; sudo alone grants none',
    policies: {
      app: `
        path "c/create" { capabilities = ["create"] }
        path "c/read" { capabilities = ["read"] }
        path "c/update" { capabilities = ["update"] }
        path "c/patch" { capabilities = ["patch"] }
        path "c/delete" { capabilities = ["delete"] }
        path "c/list" { capabilities = ["list"] }
        path "c/scan" { capabilities = ["scan"] }
        path "c/sudo" { capabilities = ["sudo"] }
        path "c/deny" { capabilities = ["deny"] }`,
    },
    lines: `
      create c/create -> allow c/create
      read   c/create -> deny  c/create
      update c/create -> deny  c/create
      patch  c/create -> deny  c/create
      delete c/create -> deny  c/create
      list   c/create -> deny  c/create
      scan   c/create -> deny  c/create
      create c/read   -> deny  c/read
      read   c/read   -> allow c/read
      update c/read   -> deny  c/read
      patch  c/read   -> deny  c/read
      delete c/read   -> deny  c/read
      list   c/read   -> deny  c/read
      scan   c/read   -> deny  c/read
      create c/update -> deny  c/update
      read   c/update -> deny  c/update
      update c/update -> allow c/update
      patch  c/update -> deny  c/update
      delete c/update -> deny  c/update
      list   c/update -> deny  c/update
      scan   c/update -> deny  c/update
      create c/patch  -> deny  c/patch
      read   c/patch  -> deny  c/patch
      update c/patch  -> deny  c/patch
      patch  c/patch  -> allow c/patch
      delete c/patch  -> deny  c/patch
      list   c/patch  -> deny  c/patch
      scan   c/patch  -> deny  c/patch
      create c/delete -> deny  c/delete
      read   c/delete -> deny  c/delete
      update c/delete -> deny  c/delete
      patch  c/delete -> deny  c/delete
      delete c/delete -> allow c/delete
      list   c/delete -> deny  c/delete
      scan   c/delete -> deny  c/delete
      create c/list   -> deny  c/list
      read   c/list   -> deny  c/list
      update c/list   -> deny  c/list
      patch  c/list   -> deny  c/list
      delete c/list   -> deny  c/list
      list   c/list   -> allow c/list
      scan   c/list   -> deny  c/list
      create c/scan   -> deny  c/scan
      read   c/scan   -> deny  c/scan
      update c/scan   -> deny  c/scan
      patch  c/scan   -> deny  c/scan
      delete c/scan   -> deny  c/scan
      list   c/scan   -> deny  c/scan
      scan   c/scan   -> allow c/scan
      create c/sudo   -> deny  c/sudo
      read   c/sudo   -> deny  c/sudo
      update c/sudo   -> deny  c/sudo
      patch  c/sudo   -> deny  c/sudo
      delete c/sudo   -> deny  c/sudo
      list   c/sudo   -> deny  c/sudo
      scan   c/sudo   -> deny  c/sudo
      create c/deny   -> deny  c/deny
      read   c/deny   -> deny  c/deny
      update c/deny   -> deny  c/deny
      patch  c/deny   -> deny  c/deny
      delete c/deny   -> deny  c/deny
      list   c/deny   -> deny  c/deny
      scan   c/deny   -> deny  c/deny`,
  },
  {
    title: 'the notation before capabilities',
    policies: {
      app: `
        path "l/read" { policy = "read" }
        path "l/write" { policy = "write" }
        path "l/sudo" { policy = "sudo" }
        path "l/deny" { policy = "deny" }`,
    },
    lines: `
      create l/read  -> deny  l/read
      read   l/read  -> allow l/read
      update l/read  -> deny  l/read
      patch  l/read  -> deny  l/read
      delete l/read  -> deny  l/read
      list   l/read  -> allow l/read
      scan   l/read  -> deny  l/read
      create l/write -> allow l/write
      read   l/write -> allow l/write
      update l/write -> allow l/write
      patch  l/write -> deny  l/write
      delete l/write -> allow l/write
      list   l/write -> allow l/write
      scan   l/write -> deny  l/write
      create l/sudo  -> sudo  l/sudo
      read   l/sudo  -> sudo  l/sudo
      update l/sudo  -> sudo  l/sudo
      patch  l/sudo  -> deny  l/sudo
      delete l/sudo  -> sudo  l/sudo
      list   l/sudo  -> sudo  l/sudo
      scan   l/sudo  -> deny  l/sudo
      create l/deny  -> deny  l/deny
      read   l/deny  -> deny  l/deny
      update l/deny  -> deny  l/deny
      patch  l/deny  -> deny  l/deny
      delete l/deny  -> deny  l/deny
      list   l/deny  -> deny  l/deny
      scan   l/deny  -> deny  l/deny`,
  },
  {
    title: 'sudo goes with what is granted beside it, in the same rule or in that of another policy for the same path',
    policies: {
      one: `
        path "s/one"  { capabilities = ["read", "sudo"] }
        path "s/two"  { capabilities = ["read"] }
        path "s/*"    { capabilities = ["update", "sudo"] }
        path "s/none" { capabilities = ["sudo", "deny"] }`,
      two: `path "s/two" { capabilities = ["sudo"] }`,
    },
    lines: `
      read   s/one   -> sudo s/one
      update s/one   -> deny s/one
      read   s/two   -> sudo s/two
      update s/two   -> deny s/two
      update s/three -> sudo s/*
      read   s/three -> deny s/*
      read   s/none  -> deny s/none
      update s/none  -> deny s/none`,
  },
];
