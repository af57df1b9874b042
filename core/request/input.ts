/** The fields of an operation, as the SDK reads them by its schema; a refusal is the host's. */
import { PluginError } from '@strongroom/sdk-plugin';
import { type InputOutline, type RawInput, readInput as readFields } from '@strongroom/sdk-plugin/hosting';
import { StrongroomError } from '../errors.ts';

/** Reads the fields of an operation. @throws StrongroomError `invalid` naming the field and what was expected */
export function readInput(fields: InputOutline, raw: RawInput): Readonly<Record<string, unknown>> {
  try {
    return readFields(fields, raw);
  } catch (error) {
    throw error instanceof PluginError ? new StrongroomError('invalid', error.message) : error;
  }
}
