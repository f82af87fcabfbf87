import { type PackReader, type PackWriter, type TaskError, taskStates } from '@millrace/protocol';
import { Task, type TaskFacts, type TaskLane } from '../task.ts';
import { readRecord, readText, writeRecord } from './record.ts';

/**
 * What is on disk of a task: a MessagePack list of what `writeTask` writes, in
 * that order. Times but the first are reckoned from its acceptance, which makes
 * most of them a byte.
 *
 * Adding a field: write it in `writeTask` and read it in `readTask`, both at
 * the end; raise FIELDS and, because a record of before lacks it, STORE_VERSION;
 * and extend the round-trip test.
 */
const FIELDS = 23;

const writeBytes = (writer: PackWriter, bytes: Uint8Array | undefined): void =>
  bytes === undefined ? writer.nil() : writer.bytes(bytes);

const writeNumber = (writer: PackWriter, number: number | null): void =>
  number === null ? writer.nil() : writer.number(number);

const ERROR_FIELDS = 4;

const writeError = (writer: PackWriter, error: TaskError | undefined): void => {
  if (error === undefined) {
    writer.nil();
    return;
  }
  writer.list(ERROR_FIELDS);
  writer.text(error.name);
  writer.text(error.message);
  writer.text(error.stack);
  writer.boolean(error.retry);
};

const writeTask = (writer: PackWriter, task: Task, payload: Uint8Array | undefined): void => {
  const { acceptedAtMs, settled } = task;
  writer.list(FIELDS);
  writeBytes(writer, payload);
  writer.number(task.lane.number);
  writer.number(taskStates.indexOf(task.state));
  writer.number(task.priority);
  writer.boolean(task.order === 'lifo');
  writer.number(task.arrival.epoch);
  writer.number(task.arrival.count);
  writer.number(acceptedAtMs);
  writer.number(task.dueAtMs - acceptedAtMs);
  writeNumber(writer, task.expiresAtMs === undefined ? null : task.expiresAtMs - acceptedAtMs);
  writeNumber(writer, task.finishedAtMs === 0 ? null : task.finishedAtMs - acceptedAtMs);
  writeNumber(writer, task.deadlineMs);
  writer.number(task.attempts);
  writer.number(task.grants);
  writer.number(task.failures);
  writer.number(task.losses);
  writer.number(task.returns);
  writeNumber(writer, settled?.epoch ?? null);
  writeNumber(writer, settled?.grant ?? null);
  writer.boolean(task.isTombstone);
  writer.number(task.payloadBytes);
  writeBytes(writer, task.result);
  writeError(writer, task.error);
};

/** A finished task keeps no payload, unless it is dead. */
export const encodeTask = (task: Task, payload: Uint8Array | undefined): Uint8Array =>
  writeRecord((writer) => writeTask(writer, task, payload));

/** Payloads up to this size stay in memory with their task. */
export const KEPT_PAYLOAD_MAX_BYTES = 4_096;

/** The payload to keep in memory: a copy, so that it does not hold on to the frame it came in. */
export const keptPayload = (payload: Uint8Array | undefined): Uint8Array | undefined =>
  payload !== undefined && payload.length <= KEPT_PAYLOAD_MAX_BYTES
    ? Buffer.from(payload)
    : undefined;

const readBytes = (reader: PackReader): Uint8Array | undefined =>
  reader.nil() ? undefined : reader.bytes();

const readNumber = (reader: PackReader): number | undefined =>
  reader.nil() ? undefined : reader.number();

const after = (startMs: number, ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : startMs + ms;

const readError = (reader: PackReader): TaskError | undefined => {
  if (reader.nil()) {
    return undefined;
  }
  reader.open();
  const error = {
    name: readText(reader),
    message: readText(reader),
    stack: readText(reader),
    retry: reader.boolean() ?? false,
  };
  reader.close();
  return error;
};

const readSettled = (reader: PackReader): Task['settled'] => {
  const [epoch, grant] = [readNumber(reader), readNumber(reader)];
  return epoch === undefined || grant === undefined ? undefined : { epoch, grant };
};

const copyOf = (bytes: Uint8Array | undefined): Uint8Array | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes);

const readTask = (id: string, reader: PackReader, laneOf: (number: number) => TaskLane): Task => {
  const payload = keptPayload(readBytes(reader));
  const lane = laneOf(reader.number());
  const state = taskStates[reader.number()] ?? 'ready';
  const priority = reader.number();
  const order = reader.boolean() === true ? 'lifo' : 'fifo';
  const arrival = { epoch: reader.number(), count: reader.number() };
  const acceptedAtMs = reader.number();
  const dueAtMs = acceptedAtMs + reader.number();
  const expiresAtMs = after(acceptedAtMs, readNumber(reader));
  const finishedAtMs = after(acceptedAtMs, readNumber(reader)) ?? 0;
  const deadlineMs = readNumber(reader) ?? null;
  const attempts = reader.number();
  const grants = reader.number();
  const failures = reader.number();
  const losses = reader.number();
  const returns = reader.number();
  const settled = readSettled(reader);
  const isTombstone = reader.boolean() ?? false;
  const payloadBytes = reader.number();
  const result = copyOf(readBytes(reader));
  const error = readError(reader);
  const facts: TaskFacts = {
    id,
    lane,
    priority,
    arrival,
    order,
    payloadBytes,
    acceptedAtMs,
    deadlineMs,
    attempts,
    expiresAtMs,
  };
  const task = new Task(facts, state, dueAtMs, payload);
  task.grants = grants;
  task.failures = failures;
  task.losses = losses;
  task.returns = returns;
  task.settled = settled;
  task.result = result;
  task.error = error;
  task.finishedAtMs = finishedAtMs;
  task.isTombstone = isTombstone;
  return task;
};

/** @param laneOf the lane whose number the record holds */
export const decodeTask = (
  id: string,
  record: Uint8Array,
  laneOf: (number: number) => TaskLane,
): Task => readRecord(record, (reader) => readTask(id, reader, laneOf));

/** The payload of a record, however large. A view of `record`. */
export const payloadOfRecord = (record: Uint8Array): Uint8Array | undefined =>
  readRecord(record, readBytes);
