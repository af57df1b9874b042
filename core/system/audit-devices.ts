/**
 * Audit devices that the API makes (`core/audit-devices/<path>`), where the config allows it: files below one directory, or the standard
 * output. No request waits for one of them: whoever may use the API could otherwise stop the server by a full disk.
 */
import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Logger } from 'pino';
import type { NamedSink } from '../audit/sink-lane.ts';
import type { Transaction } from '../barrier/transaction.ts';
import { StrongroomError } from '../errors.ts';
import type { SinkDeclaration } from './open-sinks.ts';

const directory = 'core/audit-devices/';

/** A device as it is stored. */
export interface AuditDevice {
  readonly type: string;
  readonly description: string;
  readonly local: boolean;
  readonly options: Readonly<Record<string, string>>;
}

/** What the config allows. */
export interface AuditDevicesAllowed {
  readonly directory: string;
  /** Files that others write. */
  readonly taken: readonly string[];
  readonly open: OpenSink;
}

/** Opens a sink of the catalog. */
type OpenSink = (declaration: SinkDeclaration) => Promise<NamedSink>;

/** All devices, by path with its slash. */
export async function readDevices(tx: Transaction): Promise<Readonly<Record<string, AuditDevice>>> {
  const found: Record<string, AuditDevice> = {};
  for (const name of await tx.list(directory)) {
    const stored = await tx.get(directory + name);
    // Written by this file.
    if (stored !== undefined) found[`${name}/`] = JSON.parse(Buffer.from(stored).toString()) as AuditDevice;
  }
  return found;
}

/** Stores a device, or removes it. */
export function writeDevice(tx: Transaction, name: string, device: AuditDevice | undefined): void {
  if (device === undefined) tx.delete(directory + name);
  else tx.put(directory + name, Buffer.from(JSON.stringify(device)));
}

const fixedOptions: Readonly<Record<string, readonly string[]>> = {
  format: ['', 'json'],
  prefix: [''],
  log_raw: ['', 'false', '0'],
  hmac_accessor: ['', 'true', '1'],
  elide_list_responses: ['', 'false', '0'],
  mode: ['', '0600', '600'],
  fallback: ['', 'false'],
};

/**
 * The sink that a device stands for.
 * @throws StrongroomError `invalid` for other types than `file`, options that would show secrets, and files that are not below the directory
 */
export function sinkOf(
  name: string,
  { type, options }: AuditDevice,
  { directory: allowed, taken }: Pick<AuditDevicesAllowed, 'directory' | 'taken'>,
): SinkDeclaration {
  if (type !== 'file') throw new StrongroomError('invalid', 'field type: only file devices can be made through the API');
  const { file_path: filePath, path = filePath, ...rest } = options;
  for (const [option, value] of Object.entries(rest)) {
    const fine = Object.hasOwn(fixedOptions, option) ? fixedOptions[option] : undefined;
    if (fine?.includes(value) !== true)
      throw new StrongroomError('invalid', `field options.${option.slice(0, 64)}: is not supported, or not with this value`);
  }
  if (path === undefined || path === '') throw new StrongroomError('invalid', 'field options.file_path: must be given');
  if (path === 'stdout') return { name, type: 'stdout', required: false, options: {} };
  return { name, type: 'file', required: false, options: { path: fileBelow(allowed, path, taken) } };
}

/** The file, once links are followed: neither its folder nor itself leads out of the directory. */
function fileBelow(allowed: string, path: string, taken: readonly string[]): string {
  const refuse = (): never => {
    throw new StrongroomError(
      'invalid',
      'field options.file_path: must be a file below the directory that the config names (audit_devices.directory)',
    );
  };
  if (path.includes('\0') || path.length > 4096) refuse();
  const file = resolve(allowed, path);
  let root: string;
  let folder: string;
  try {
    root = realpathSync(allowed);
    folder = realpathSync(dirname(file));
  } catch {
    return refuse();
  }
  if (folder !== root && !folder.startsWith(`${root}/`)) refuse();
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) refuse();
  const real = `${folder}/${basename(file)}`;
  if (taken.some((other) => realOf(other) === real))
    throw new StrongroomError('invalid', 'field options.file_path: another audit sink writes this file');
  return real;
}

function realOf(path: string): string {
  try {
    return `${realpathSync(dirname(path))}/${basename(path)}`;
  } catch {
    return path;
  }
}

/** The files that devices write. */
export function filesOf(
  devices: Readonly<Record<string, AuditDevice>>,
  { directory: allowed }: Pick<AuditDevicesAllowed, 'directory'>,
): readonly string[] {
  return Object.values(devices).map(({ options }) => resolve(allowed, options['path'] ?? options['file_path'] ?? ''));
}

/** Opens what is stored; a device that can't be opened is reported, and the server goes on with its other sinks. */
export async function openDevices(
  devices: Readonly<Record<string, AuditDevice>>,
  allowed: AuditDevicesAllowed,
  log: Logger,
): Promise<readonly NamedSink[]> {
  const opened: NamedSink[] = [];
  for (const [path, device] of Object.entries(devices)) {
    try {
      opened.push(await allowed.open(sinkOf(path.slice(0, -1), device, allowed)));
    } catch (error) {
      log.error({ err: error, device: path }, 'an audit device that the API has made can not be opened');
    }
  }
  return opened;
}
