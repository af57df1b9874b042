/** `version`. */
import packageJson from '../package.json' with { type: 'json' };
import type { Command } from './terminal.ts';

/** Prints our own version. */
export const version: Command = async (_args, terminal) => {
  terminal.out(`Strongroom v${packageJson.version}\n`);
  return Promise.resolve(0);
};
