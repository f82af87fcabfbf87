import { defineTask } from '@millrace/protocol';
import { z } from 'zod';

export interface Place {
  readonly pid: number;
  readonly threadId: number;
}

export interface Attempt {
  readonly attempt: number;
}

/** A lighthouse to signal to. */
export interface At {
  readonly path: string;
}

export const inlinePlace = defineTask<null, Place>('place.inline');
export const threadPlace = defineTask<null, Place>('place.thread');
export const processPlace = defineTask<null, Place>('place.process');
/** Dies with this message, unless it begins with `fine`. */
export const judged = defineTask<{ readonly message: string }, string>('judged');
/** Throws in its first `failures` attempts. */
/** Is put off once, and then says which attempt it is. */
export const drowsy = defineTask<null, number>('drowsy');
export const flaky = defineTask<{ readonly failures: number }, Attempt>('flaky');
export const hopeless = defineTask<null, never>('hopeless', { attempts: 5 });
export const double = defineTask('double', {
  input: z.object({ n: z.number() }),
  output: z.number(),
});
/** Signals and waits for its own signal to be aborted. */
export const patient = defineTask<At, never>('patient');
/** Signals and blocks its process in its first `blocks` attempts. */
export const stubborn = defineTask<At & { readonly blocks: number }, Attempt>('stubborn');
/** Signals and blocks the event loop of the worker until the test writes to the FIFO. */
export const blocking = defineTask<At & { readonly fifo: string }, string>('blocking');
/** Signals and waits for the test. */
export const waiting = defineTask<At, string>('waiting');
/** When it began, in microseconds on the clock of the machine. */
export const moment = defineTask<null, number>('moment');
/** How many of these ran before in this worker, one at a time. */
export const counted = defineTask<string, number>('counted');
export const echo = defineTask<Uint8Array, Uint8Array>('echo');
/** No worker has a handler of it. */
export const unhandled = defineTask<number, number>('unhandled');
