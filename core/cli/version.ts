/** `version`. */
import { type Command, localCommand } from './command.ts';
import packageJson from '../package.json' with { type: 'json' };

/** Prints our own version. */
export const version: Command = localCommand({}, async ({ terminal }) => {
  terminal.out(`Strongroom v${packageJson.version}\n`);
  return Promise.resolve(0);
});
