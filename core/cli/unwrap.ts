/** `unwrap`. */
import type { Command } from './command.ts';
import { isNothing, member } from './json-node.ts';
import { printAnswer } from './print-answer.ts';
import { clientCommand } from './session.ts';
import { tokenArgument } from './token-argument.ts';
import { NothingThere } from './terminal.ts';

/** Prints what a wrapping token stands for, and uses it up. Without an argument the caller's own token is the wrapping token. */
export const unwrap: Command = clientCommand({}, async ({ flags, rest, format, terminal, call }) => {
  const token = await tokenArgument(rest, terminal);
  const { body } = await call({ method: 'PUT', path: 'sys/wrapping/unwrap', body: '{}', ...(token === undefined ? {} : { token }) });
  const [auth, data] = [member(body, 'auth'), member(body, 'data')];
  if (body === undefined || (isNothing(auth) && isNothing(data))) throw new NothingThere('Could not find wrapped response');
  printAnswer(body, { flags, format, terminal });
  return 0;
});
