/** Rules about parameters and wrapping: the same path and verb, decided by what the request brings. */
import type { DecisionTable } from './decision-table.ts';

/** By the parameters that are sent. */
export const parameterTables: readonly DecisionTable[] = [
  {
    title: 'allowed_parameters: names without case, values as JSON values, globs in texts',
    policies: {
      app: `path "a/x" {
        capabilities = ["create", "update", "read", "delete", "list"]
        allowed_parameters = { "ttl" = [10, "1h"], "kind" = ["team-*", "*-dev", "*mid*"], "flag" = [true], "list" = [["a", 1]], "any" = [] }
      }`,
    },
    lines: `
      update a/x                     -> allow a/x
      update a/x {}                  -> allow a/x
      update a/x {"ttl":10}          -> allow a/x
      update a/x {"ttl":10.0}        -> allow a/x
      update a/x {"ttl":"10"}        -> deny  a/x
      update a/x {"ttl":"1h"}        -> allow a/x
      update a/x {"ttl":"1H"}        -> deny  a/x
      update a/x {"TTL":"1h"}        -> allow a/x
      update a/x {"ttl":11}          -> deny  a/x
      update a/x {"ttl":null}        -> deny  a/x
      update a/x {"kind":"team-a"}   -> allow a/x
      update a/x {"kind":"team-"}    -> allow a/x
      update a/x {"kind":"team"}     -> deny  a/x
      update a/x {"kind":"a-dev"}    -> allow a/x
      update a/x {"kind":"amidst"}   -> allow a/x
      update a/x {"kind":"a-dev2"}   -> deny  a/x
      update a/x {"kind":["team-a"]} -> deny  a/x
      update a/x {"flag":true}       -> allow a/x
      update a/x {"flag":false}      -> deny  a/x
      update a/x {"flag":"true"}     -> deny  a/x
      update a/x {"list":["a",1]}    -> allow a/x
      update a/x {"list":["a"]}      -> deny  a/x
      update a/x {"list":[1,"a"]}    -> deny  a/x
      update a/x {"any":{"deep":[]}} -> allow a/x
      update a/x {"other":1}         -> deny  a/x
      update a/x {"any":1,"other":1} -> deny  a/x
      update a/x {"__proto__":1}     -> deny  a/x
      create a/x {"other":1}         -> deny  a/x
      read   a/x {"other":1}         -> deny  a/x
      delete a/x {"other":1}         -> allow a/x
      list   a/x {"other":1}         -> allow a/x`,
  },
  {
    title: 'allowed_parameters with * for all others',
    policies: { app: 'path "a/s" { capabilities = ["update"] allowed_parameters = { "*" = [], "ttl" = ["1h"] } }' },
    lines: `
      update a/s {"other":1}            -> allow a/s
      update a/s {"ttl":"1h","other":1} -> allow a/s
      update a/s {"ttl":"2h"}           -> deny  a/s`,
  },
  {
    title: 'denied_parameters beat allowed_parameters',
    policies: {
      app: `
        path "d/x" { capabilities = ["update", "delete"] denied_parameters = { "admin" = [], "role" = ["root*", 0, [1]] } }
        path "d/all" { capabilities = ["update"] denied_parameters = { "*" = [] } }
        path "d/both" { capabilities = ["update"] allowed_parameters = { "role" = [] } denied_parameters = { "role" = ["root"] } }`,
    },
    lines: `
      update d/x                       -> allow d/x
      update d/x {"other":1}           -> allow d/x
      update d/x {"admin":null}        -> deny  d/x
      update d/x {"ADMIN":1}           -> deny  d/x
      update d/x {"role":"root"}       -> deny  d/x
      update d/x {"Role":"rooted"}     -> deny  d/x
      update d/x {"role":"user"}       -> allow d/x
      update d/x {"role":0}            -> deny  d/x
      update d/x {"role":0.0}          -> deny  d/x
      update d/x {"role":"0"}          -> allow d/x
      update d/x {"role":[1]}          -> deny  d/x
      update d/x {"role":[1,1]}        -> allow d/x
      update d/x {"other":1,"admin":1} -> deny  d/x
      delete d/x {"admin":1}           -> allow d/x
      update d/all                     -> allow d/all
      update d/all {"a":1}             -> deny  d/all
      update d/both {"role":"root"}    -> deny  d/both
      update d/both {"role":"user"}    -> allow d/both
      update d/both {"other":1}        -> deny  d/both`,
  },
  {
    title: 'required_parameters, beside the others',
    policies: {
      app: `
        path "r/x" { capabilities = ["update", "patch", "list"] required_parameters = ["Name", "ttl"] }
        path "r/y" { capabilities = ["update"] required_parameters = ["name"] allowed_parameters = { "name" = ["a"] } }`,
    },
    lines: `
      update r/x                         -> deny  r/x
      update r/x {"name":1}              -> deny  r/x
      update r/x {"name":1,"TTL":null}   -> allow r/x
      patch  r/x {"name":1}              -> deny  r/x
      list   r/x                         -> allow r/x
      update r/y {"name":"a"}            -> allow r/y
      update r/y {"name":"b"}            -> deny  r/y
      update r/y {"name":"a","ttl":1}    -> deny  r/y`,
  },
  {
    title: 'parameters of several policies for one path are united',
    policies: {
      one: 'path "u/x" { capabilities = ["update"] allowed_parameters = { "a" = ["x"] } denied_parameters = { "d" = ["x"] } }',
      two: 'path "u/x" { capabilities = ["read"] allowed_parameters = { "a" = ["y"], "b" = [] } denied_parameters = { "d" = [] } required_parameters = ["a"] }',
      wider: 'path "u/*" { capabilities = ["update"] }',
    },
    lines: `
      update u/x {"a":"x"}         -> allow u/x
      update u/x {"a":"y"}         -> allow u/x
      update u/x {"a":"z"}         -> deny  u/x
      update u/x {"a":"x","b":1}   -> allow u/x
      update u/x {"b":1}           -> deny  u/x
      update u/x {"a":"x","c":1}   -> deny  u/x
      update u/x {"a":"x","d":"q"} -> deny  u/x
      update u/z {"c":1}           -> allow u/*`,
  },
  {
    title: 'bounds of the wrapping TTL hold for every verb, and are narrowed by being united',
    policies: {
      one: `
        path "w/min"  { capabilities = ["read", "list"] min_wrapping_ttl = "1m" }
        path "w/max"  { capabilities = ["read", "delete"] max_wrapping_ttl = 90 }
        path "w/both" { capabilities = ["update"] min_wrapping_ttl = 60 max_wrapping_ttl = "2m" }
        path "w/one"  { capabilities = ["update"] min_wrapping_ttl = 60 max_wrapping_ttl = 300 }
        path "w/none" { capabilities = ["update"] }`,
      two: 'path "w/one" { capabilities = ["update"] min_wrapping_ttl = 30 max_wrapping_ttl = 200 }',
    },
    lines: `
      read   w/min            -> deny  w/min
      read   w/min wrap=59    -> deny  w/min
      read   w/min wrap=60    -> allow w/min
      list   w/min            -> deny  w/min
      list   w/min wrap=61    -> allow w/min
      read   w/max            -> deny  w/max
      read   w/max wrap=90    -> allow w/max
      read   w/max wrap=91    -> deny  w/max
      delete w/max            -> deny  w/max
      update w/both wrap=59   -> deny  w/both
      update w/both wrap=60   -> allow w/both
      update w/both wrap=120  -> allow w/both
      update w/both wrap=121  -> deny  w/both
      update w/one wrap=29    -> deny  w/one
      update w/one wrap=30    -> allow w/one
      update w/one wrap=200   -> allow w/one
      update w/one wrap=201   -> deny  w/one
      update w/none           -> allow w/none
      update w/none wrap=9999 -> allow w/none`,
  },
];
