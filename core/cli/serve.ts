/** `server`: runs a server until it is told to stop. */
import { ConfigError } from '../config/config-error.ts';
import { StrongroomError } from '../errors.ts';
import { type Command, localCommand } from './command.ts';
import { UsageError } from './terminal.ts';

/** Runs the server of `--config FILE`; the last one counts, so that `npm start -- --config FILE` replaces the development one. */
export const serve: Command = localCommand({ config: 'text', 'accept-rollback': 'boolean' }, async ({ flags, rest, terminal }) => {
  if (flags.config === undefined || rest.length > 0) throw new UsageError('Expected --config FILE');
  // Loaded only here: a client starts in a fraction of the time that the server takes.
  const { runServer } = await import('./server.ts');
  try {
    process.exit(await runServer(flags.config, flags['accept-rollback'] === true));
  } catch (error) {
    if (!(error instanceof StrongroomError || error instanceof ConfigError)) throw error;
    terminal.err(`${error.message}\n`);
    process.exit(1);
  }
});
