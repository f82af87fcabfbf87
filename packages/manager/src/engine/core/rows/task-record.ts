import {
  type ExtraValues,
  extra,
  type PackReader,
  retryPolicy,
  taskStates,
} from '@millrace/protocol';
import { tuning } from '../../../tuning.ts';
import {
  bytes,
  flag,
  nullable,
  number,
  optional,
  ownBytes,
  taskError,
  text,
  word,
} from './codecs.ts';
import { readRecord, recordKind, type Values, writeRecord } from './record.ts';

/**
 * Fields of every task, in the order of the list. Durations count from the task's acceptance,
 * so that most take one byte.
 */
const fields = {
  laneNumber: number,
  state: word(taskStates),
  priority: number,
  isLifo: flag,
  arrivalEpoch: number,
  arrivalCount: number,
  acceptedAtMs: number,
  dueAfterMs: number,
  expiresAfterMs: optional(number),
  finishedAfterMs: optional(number),
  deadlineMs: nullable(number),
  attempts: number,
  grants: number,
  failures: number,
  losses: number,
  returns: number,
  settledEpoch: optional(number),
  settledGrant: optional(number),
  isTombstone: flag,
  payloadBytes: number,
  result: optional(ownBytes),
  error: optional(taskError),
};

/** Fields that few tasks have. */
export const taskExtras = {
  /** First id of the chain of retries that this task continues; its own id by default. */
  workId: extra<string | undefined>(1, optional(text), undefined),
  /** Losses of workers for which another task may be to blame. */
  excusedLosses: extra(2, number, 0),
  /** The waits between its attempts; absent for the default policy. */
  retryPolicy: extra(3, optional(retryPolicy), undefined),
  /** How often a handler has snoozed it. */
  snoozes: extra(4, number, 0),
  /** Number of attempts that were ever noted in its history, which keeps the last of them. */
  noted: extra(5, number, 0),
  /** Idempotency key that it holds until it ends. */
  key: extra<string | undefined>(6, optional(text), undefined),
  /** Key under which its payload may still be replaced. */
  debounceKey: extra<string | undefined>(7, optional(text), undefined),
  /** Whether its payload or priority changed while it was ready. If so, a later ready row lists it again. */
  isListedAgain: extra(8, flag, false),
  /** Wall time until which it holds a key for a time. Its id is known at least until then. */
  keyUntilMs: extra<number | undefined>(9, optional(number), undefined),
  /** Epoch in which its input or its priority was last changed; epochs begin at 1. */
  changedIn: extra(10, number, 0),
  /** Name of the schedule that made it, and the number of the run there. */
  schedule: extra<string | undefined>(12, optional(text), undefined),
  run: extra(13, number, 0),
};

const task = recordKind('task', fields, taskExtras);
const payloadField = optional(bytes);

/** The values of a task's record, but for its payload. */
export type TaskValues = Values<typeof fields, typeof taskExtras>;
export type TaskExtras = ExtraValues<typeof taskExtras>;

/** A record begins with the payload, which a finished task lacks unless it is dead. */
export const encodeTask = (values: TaskValues, payload: Uint8Array | undefined): Uint8Array =>
  writeRecord((writer) => {
    writer.list(1 + task.length + (values.extras === undefined ? 0 : 1));
    payloadField.write(writer, payload);
    task.write(writer, values);
  });

/**
 * The payload to keep in memory, if it is small: a copy, so that the frame in which it arrived
 * can be freed.
 */
export const keptPayload = (payload: Uint8Array | undefined): Uint8Array | undefined =>
  payload !== undefined && payload.length <= tuning.keptPayloadMaxBytes
    ? Buffer.from(payload)
    : undefined;

/** A task's values, and its payload if it is small enough to be kept in memory. */
export const decodeTask = (
  record: Uint8Array,
): { readonly values: TaskValues; readonly payload: Uint8Array | undefined } =>
  readRecord(record, (reader, length) => {
    const payload = keptPayload(payloadField.read(reader, 'payload'));
    return { payload, values: task.read(reader, length - 1) };
  });

const readPayload = (reader: PackReader): Uint8Array | undefined =>
  payloadField.read(reader, 'payload');

/** The payload of a record, however large. A view of `record`. */
export const payloadOfRecord = (record: Uint8Array): Uint8Array | undefined =>
  readRecord(record, readPayload);
