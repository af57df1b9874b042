/** The settings of engines and auth methods, as flags of `enable` and `tune`. */
import type { FlagTable, FlagValues } from './flags.ts';
import { keyValues } from './key-values.ts';

/** Flags of both, for both. */
export const mountFlags: {
  readonly description: 'text';
  readonly 'default-lease-ttl': 'text';
  readonly 'max-lease-ttl': 'text';
  readonly 'listing-visibility': 'text';
  readonly 'audit-non-hmac-request-keys': 'list';
  readonly 'audit-non-hmac-response-keys': 'list';
  readonly 'passthrough-request-headers': 'list';
  readonly 'allowed-response-headers': 'list';
  readonly 'token-type': 'text';
  readonly options: 'list';
  readonly version: 'integer';
} = {
  description: 'text',
  'default-lease-ttl': 'text',
  'max-lease-ttl': 'text',
  'listing-visibility': 'text',
  'audit-non-hmac-request-keys': 'list',
  'audit-non-hmac-response-keys': 'list',
  'passthrough-request-headers': 'list',
  'allowed-response-headers': 'list',
  'token-type': 'text',
  options: 'list',
  version: 'integer',
} satisfies FlagTable;

/** Flags of `tune` for auth methods. */
export const lockoutFlags: {
  readonly 'user-lockout-threshold': 'integer';
  readonly 'user-lockout-duration': 'text';
  readonly 'user-lockout-counter-reset-duration': 'text';
  readonly 'user-lockout-disable': 'boolean';
} = {
  'user-lockout-threshold': 'integer',
  'user-lockout-duration': 'text',
  'user-lockout-counter-reset-duration': 'text',
  'user-lockout-disable': 'boolean',
} satisfies FlagTable;

/** The fields of `config` when a mount is made, and of `tune`; what was not given is undefined, and not sent. */
export function tuneFields(flags: FlagValues<typeof mountFlags>): Readonly<Record<string, unknown>> {
  return {
    default_lease_ttl: flags['default-lease-ttl'],
    max_lease_ttl: flags['max-lease-ttl'],
    listing_visibility: flags['listing-visibility'],
    audit_non_hmac_request_keys: flags['audit-non-hmac-request-keys'],
    audit_non_hmac_response_keys: flags['audit-non-hmac-response-keys'],
    passthrough_request_headers: flags['passthrough-request-headers'],
    allowed_response_headers: flags['allowed-response-headers'],
    token_type: flags['token-type'],
  };
}

/** The options, with `-version` among them; undefined when there are none. @throws UsageError for one that is not `key=value` */
export function optionFields({
  options,
  version,
}: Pick<FlagValues<typeof mountFlags>, 'options' | 'version'>): Readonly<Record<string, string>> | undefined {
  const all = { ...keyValues('options', options), ...(version === undefined ? {} : { version: String(version) }) };
  return Object.keys(all).length === 0 ? undefined : all;
}

/** The lockout of an auth method. */
export function lockoutFields(flags: FlagValues<typeof lockoutFlags>): Readonly<Record<string, unknown>> | undefined {
  const fields = {
    lockout_threshold: flags['user-lockout-threshold']?.toString(),
    lockout_duration: flags['user-lockout-duration'],
    lockout_counter_reset_duration: flags['user-lockout-counter-reset-duration'],
    lockout_disable: flags['user-lockout-disable'],
  };
  return Object.values(fields).every((field) => field === undefined) ? undefined : fields;
}
