/** Options of the file sink. */

/** As the config file has them. */
export interface FileSinkOptions {
  /** Absolute, or relative to the server's working directory. The directory must exist. */
  readonly path: string;
  /** Octal, default `0600`; the owner can always read and write. */
  readonly mode?: string;
  /** Start a new file before this one grows beyond so many bytes. Default 0: never. */
  readonly rotate_bytes?: number;
  /** Start a new file when this one is so many seconds old. Default 0: never. */
  readonly rotate_seconds?: number;
  /** Closed files to keep. Default 0: all. */
  readonly keep_files?: number;
  /** Seconds to keep a closed file. Default 0: for good. */
  readonly keep_seconds?: number;
  /** Compress closed files with zstd, in the background. Default false. */
  readonly compress?: boolean;
  /** fdatasync for entries of changes, or for every batch. Default `changes`. */
  readonly sync?: 'changes' | 'all';
}

const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

/** JSON Schema of the options. */
export const fileSinkSchema: Readonly<Record<string, unknown>> = {
  type: 'object',
  additionalProperties: false,
  required: ['path'],
  properties: {
    path: { type: 'string', minLength: 1, maxLength: 4096 },
    mode: { type: 'string', pattern: '^0?6[0-6]{2}$' },
    rotate_bytes: count,
    rotate_seconds: count,
    keep_files: count,
    keep_seconds: count,
    compress: { type: 'boolean' },
    sync: { enum: ['changes', 'all'] },
  },
};
