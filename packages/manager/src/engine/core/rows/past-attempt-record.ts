import { attemptKinds, clip, limits, type TaskError } from '@millrace/protocol';
import { number, optional, taskError, text, word } from './codecs.ts';
import { readRecord, recordKind, type Values, writeRecord } from './record.ts';

const fields = {
  /** Number of the grant, counted for each task. */
  grant: number,
  kind: word(attemptKinds),
  /** Name of the worker, or its session if its name is not known. */
  worker: text,
  runner: optional(text),
  /** Wall time. For an attempt that began before the last start of the manager, the time of that start. */
  beganAtMs: number,
  endedAtMs: number,
  error: optional(taskError),
};

const extras = {};

const pastAttempt = recordKind('past attempt', fields, extras);

/** One attempt of a task that has ended, for the task's history. */
export type PastAttempt = Omit<Values<typeof fields, typeof extras>, 'extras'>;

/** An error cut to the bounds of a history. The task itself keeps its last error uncut. */
const cut = ({ message, name, retry, stack }: TaskError): TaskError => ({
  name,
  message: clip(message, limits.historyMessageMaxBytes),
  stack: clip(stack, limits.historyStackMaxBytes),
  retry,
});

export const encodePastAttempt = (attempt: PastAttempt): Uint8Array =>
  writeRecord((writer) => {
    writer.list(pastAttempt.length);
    pastAttempt.write(writer, {
      ...attempt,
      error: attempt.error && cut(attempt.error),
      extras: undefined,
    });
  });

export const decodePastAttempt = (record: Uint8Array): PastAttempt =>
  readRecord(record, (reader, length) => pastAttempt.read(reader, length));
