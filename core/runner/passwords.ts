/** The passwords of one request: what `ctx.passwords` asks for, each thing computed once however often the request restarts. */
import type { AnswerMessage, PasswordQuestion } from '@strongroom/sdk-plugin/serving';
import { StrongroomError } from '../errors.ts';
import type { JobPool } from './job-pool.ts';

/** Most questions of one request: what a handler may cost is bounded. */
const questionsMax = 16;

/** Made with the request, dropped with it. */
export class RequestPasswords {
  readonly #jobs: JobPool;
  /** Made when it is needed: most requests ask for no password. */
  #known: Map<string, Promise<Pick<AnswerMessage, 'hash' | 'fits'>>> | undefined;

  constructor(jobs: JobPool) {
    this.#jobs = jobs;
  }

  /**
   * @throws StrongroomError `invalid` when no password is to be hashed, `unavailable` when too many are waiting, `internal` for what no plugin
   * may ask
   */
  answer(asked: PasswordQuestion): Promise<Pick<AnswerMessage, 'hash' | 'fits'>> {
    const question = checked(asked);
    const name = JSON.stringify([question.kind, question.password, question.kind === 'verify-password' ? (question.hash ?? null) : null]);
    const all = (this.#known ??= new Map());
    let known = all.get(name);
    if (known === undefined) {
      if (all.size >= questionsMax) throw new StrongroomError('internal', `the plugin hashed more than ${questionsMax} passwords`);
      all.set(name, (known = this.#compute(question)));
    }
    return known;
  }

  async #compute(question: PasswordQuestion): Promise<Pick<AnswerMessage, 'hash' | 'fits'>> {
    if (question.kind === 'hash-password') return { hash: await this.#jobs.run(question) };
    const fits = await this.#jobs.run(question);
    if (fits === 'malformed') throw new StrongroomError('internal', 'the plugin verified a password against something that is no hash');
    return { fits };
  }
}

/** Text in UTF-8 has no lone surrogates: two passwords with different ones would be the same. */
function checked(question: PasswordQuestion): PasswordQuestion {
  // A plugin's types promise text; its messages may hold anything.
  if (typeof question.password !== 'string') throw new StrongroomError('internal', 'the plugin hashed something that is no text');
  if (question.password !== '' && question.password.isWellFormed()) return question;
  if (question.kind === 'hash-password') throw new StrongroomError('invalid', 'a password must not be empty, and be well-formed Unicode');
  // Nobody has such a password; that costs as much as any wrong one.
  return { ...question, password: 'none', hash: undefined };
}
