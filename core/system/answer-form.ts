/** Answers that older paths give bare, and newer ones in the usual envelope. */
import type { Json } from '@strongroom/sdk-plugin';
import type { HostReply } from '../request/host-route.ts';
import { plainAnswer } from '../request/incoming.ts';

/** `raw`: without envelope. */
export type AnswerForm = 'raw' | 'envelope';

/** Puts fields into a form. @param sent runs once the answer has been handed to its socket */
export function inForm(form: AnswerForm, data: Readonly<Record<string, Json>>, sent?: () => void): HostReply {
  const then = sent === undefined ? {} : { sent };
  return form === 'raw' ? { raw: { ...plainAnswer(200, data), ...then } } : { data, ...then };
}
