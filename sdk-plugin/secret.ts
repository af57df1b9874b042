/** Text that must not get anywhere by accident: into a log line, an error's message, an answer, a debugger's list of variables. */

const shown = '<secret>';

/**
 * A secret text. Whatever prints it without asking gets `<secret>`; as JSON it is refused. Fields of `schema.secret()` arrive as one.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text. Say it where it is needed, and nowhere before. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return shown;
  }

  /** @throws TypeError always: an answer that holds a secret says so with `reveal()` */
  toJSON(): never {
    throw new TypeError('a secret is not JSON: reveal() it where it is meant to be seen');
  }
}
