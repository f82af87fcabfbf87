import { limits } from '../words/limits.ts';
import { integer, text } from './wire/fields.ts';
import { verb } from './wire/verb.ts';

/** Refuses the request `requestId`; with 0 it ends the connection. */
export const error = verb(20, 'error', 'both', {
  requestId: integer(0, Number.MAX_SAFE_INTEGER),
  code: text(limits.errorCodeMaxBytes),
  message: text(limits.errorMessageMaxBytes),
});
