import { word } from './wire/fields.ts';
import { token } from './wire/shared-fields.ts';
import { verb } from './wire/verb.ts';

const abortReasons = ['cancelled', 'fenced'] as const;

/** Asks a worker to stop an attempt: its task was cancelled, or its lease is gone. */
export const abort = verb(69, 'abort', 'manager', { token, reason: word(abortReasons) });
