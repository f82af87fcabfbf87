import { limits } from '../words/limits.ts';
import { bytes, requestId } from './wire/fields.ts';
import { verb } from './wire/verb.ts';

/** Asks for the status of the manager. */
export const status = verb(48, 'status', 'dialler', { requestId });

/** A payload that decodes to the status document. */
export const statusReport = verb(49, 'statusReport', 'manager', {
  requestId,
  document: bytes(limits.statusMaxBytes),
});
