/** Passwords in a test mount: argon2id as the host's, but of the least cost, and counted. */
import { argon2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { PluginError } from '../errors.ts';
import type { AnswerMessage, PasswordQuestion } from '../serving/messages.ts';

function derive(password: string, salt: Uint8Array): Buffer {
  return argon2Sync('argon2id', { message: password, nonce: salt, parallelism: 1, tagLength: 16, memory: 8, passes: 1 });
}

/** Most questions of one call, as the host has it. */
const questionsMax = 16;

type Answer = Pick<AnswerMessage, 'hash' | 'fits'>;

/** Hashes that a mount asked for. */
export class MemoryPasswords {
  /** How many passwords were hashed or verified: what they cost. */
  computed = 0;

  /** Answers one call: each question is computed once, however often the call is restarted. @throws PluginError as the host refuses */
  forCall(): (question: PasswordQuestion) => Answer {
    const known = new Map<string, Answer>();
    return (question) => {
      const name = JSON.stringify(question);
      const found = known.get(name) ?? this.#compute(question);
      known.set(name, found);
      if (known.size > questionsMax) throw new Error(`the plugin hashed more than ${questionsMax} passwords`);
      return found;
    };
  }

  #compute(question: PasswordQuestion): Answer {
    const { kind, password } = question;
    const sound = password !== '' && password.isWellFormed();
    if (kind === 'hash-password') {
      if (!sound) throw new PluginError('invalid', 'a password must not be empty, and be well-formed Unicode');
      this.computed++;
      const salt = randomBytes(16);
      return { hash: `$argon2id$v=19$m=8,t=1,p=1$${salt.toString('base64')}$${derive(password, salt).toString('base64')}` };
    }
    this.computed++;
    if (question.hash === undefined || !sound) return { fits: false };
    const [salt, expected] = question.hash.split('$').slice(4);
    if (salt === undefined || expected === undefined) throw new Error('the plugin verified a password against something that is no hash');
    return { fits: timingSafeEqual(derive(password, Buffer.from(salt, 'base64')), Buffer.from(expected, 'base64')) };
  }
}
