/** Text from elsewhere on a terminal, which must not take it for commands. */

/** Shows control characters as `\x1b`; line breaks and tabs stay. */
export function visibleText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
