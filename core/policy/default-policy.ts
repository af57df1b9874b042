/** The text of the `default` policy of a new server: what every token may do with itself. */
export const defaultPolicyText: string = `# Look at, renew and give up one's own token.
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self"  { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }

# Ask what one may do.
path "sys/capabilities-self"         { capabilities = ["update"] }
path "sys/internal/ui/resultant-acl" { capabilities = ["read"] }

# Renew and look up leases whose id one knows.
path "sys/renew"         { capabilities = ["update"] }
path "sys/leases/renew"  { capabilities = ["update"] }
path "sys/leases/lookup" { capabilities = ["update"] }

# A store of one's own, and wrapped answers.
path "cubbyhole/*"          { capabilities = ["create", "read", "update", "delete", "list"] }
path "sys/wrapping/wrap"    { capabilities = ["update"] }
path "sys/wrapping/lookup"  { capabilities = ["update"] }
path "sys/wrapping/unwrap"  { capabilities = ["update"] }

# Hash with one's own input, and ask whether a request was approved.
path "sys/tools/hash"            { capabilities = ["update"] }
path "sys/tools/hash/*"          { capabilities = ["update"] }
path "sys/control-group/request" { capabilities = ["update"] }

# Log in to applications for which this server is the OIDC provider.
path "identity/oidc/provider/+/authorize" { capabilities = ["read", "update"] }
`;
