import { MillraceError } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import { type CallOptions, checkCall, readAbandoned } from './abandonment.ts';
import { expectVerb } from './expect-verb.ts';
import type { TimedPort } from './inquire.ts';
import { promiseOf } from './requests.ts';
import { remainingMs } from './send-enqueue.ts';

/** Waits slice after slice until the queue has nothing unfinished. @throws as `QueueHandle.join` */
export const joinQueue = async (
  port: TimedPort,
  queue: string,
  options: CallOptions,
): Promise<void> => {
  const what = `the end of all work in queue '${queue}'`;
  checkCall(options, what);
  const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options;
  const { clock } = port;
  const untilMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const reply = await promiseOf(
      {
        build: (requestId) => ({
          verb: 'join',
          requestId,
          queue,
          waitMs: Math.min(limits.waitSliceMs, remainingMs(clock, untilMs)),
        }),
        giveUpAtMs: untilMs,
        giveUp: (end) => readAbandoned(end, what, timeoutMs),
        signal,
      },
      (asked) => port.ask(asked),
    );
    const { unfinished } = expectVerb(reply, 'joined');
    if (unfinished === 0) {
      return;
    }
    if (clock.monotonicMs() >= untilMs) {
      throw new MillraceError(
        'TIMEOUT',
        `queue '${queue}' still had ${unfinished} unfinished after ${Math.round(timeoutMs)} ms`,
      );
    }
  }
};
