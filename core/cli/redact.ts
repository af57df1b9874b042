/** What goes to standard error: without tokens, and without what a terminal would take for commands. */
import { visibleText } from './visible-text.ts';
import type { Terminal } from './terminal.ts';

/** Tokens by their shape, wherever they stand. */
const tokens = /\b(?:hv[sbr]|[sbr])\.[A-Za-z0-9_-]{20,}(?:\.[A-Za-z0-9_-]+)*/g;

/** The same terminal, with `[secret]` in place of every token on standard error: of those that look like one, and of the caller's own. */
export function withoutTokens(terminal: Terminal): Terminal {
  const own = terminal.env['VAULT_TOKEN'] ?? '';
  const hide = (text: string): string => (own.length < 8 ? text : text.replaceAll(own, '[secret]')).replaceAll(tokens, '[secret]');
  return { ...terminal, err: (text) => terminal.err(visibleText(hide(text))) };
}
