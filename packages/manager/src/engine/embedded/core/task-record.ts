import { type TaskError, taskStates } from '@millrace/protocol';
import { Packr, Unpackr } from 'msgpackr';
import { readyKey } from './keys.ts';
import type { Task, TaskLane } from './task.ts';

/**
 * What is on disk of a task: a MessagePack list, in this order. Fields are only
 * ever added at the end; a reader treats a missing one as its zero.
 *
 * Adding a field: append it to the tuple, to `encodeTask` and to `decodeTask`,
 * and extend the round-trip test.
 */
type TaskTuple = [
  lane: number,
  state: number,
  priority: number,
  arrivalEpoch: number,
  arrivalCount: number,
  acceptedAtMs: number,
  dueAtMs: number,
  deadlineMs: number | null,
  attempts: number,
  expiresAtMs: number | null,
  grants: number,
  failures: number,
  losses: number,
  returns: number,
  settledEpoch: number | null,
  settledGrant: number,
  finishedAtMs: number,
  isTombstone: boolean,
  payloadBytes: number,
  payload: Uint8Array | null,
  result: Uint8Array | null,
  error: [name: string, message: string, stack: string, retry: boolean] | null,
  isLifo: boolean,
];

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });

/** A finished task keeps no payload. */
export const encodeTask = (task: Task, payload: Uint8Array | undefined): Uint8Array => {
  const { error, settled } = task;
  const tuple: TaskTuple = [
    task.lane.number,
    taskStates.indexOf(task.state),
    task.priority,
    task.arrival.epoch,
    task.arrival.count,
    task.acceptedAtMs,
    task.dueAtMs,
    task.deadlineMs,
    task.attempts,
    task.expiresAtMs ?? null,
    task.grants,
    task.failures,
    task.losses,
    task.returns,
    settled?.epoch ?? null,
    settled?.grant ?? 0,
    task.finishedAtMs,
    task.isTombstone,
    task.payloadBytes,
    payload ?? null,
    task.result ?? null,
    error === undefined ? null : [error.name, error.message, error.stack, error.retry],
    task.order === 'lifo',
  ];
  return packr.pack(tuple);
};

const decodeError = (error: TaskTuple[21]): TaskError | undefined =>
  error === null
    ? undefined
    : { name: error[0], message: error[1], stack: error[2], retry: error[3] };

/** Payloads up to this size stay in memory with their task. */
export const KEPT_PAYLOAD_MAX_BYTES = 4_096;

/** The payload to keep in memory: a copy, so that it does not hold on to the frame it came in. */
export const keptPayload = (payload: Uint8Array | undefined): Uint8Array | undefined =>
  payload !== undefined && payload.length <= KEPT_PAYLOAD_MAX_BYTES
    ? Buffer.from(payload)
    : undefined;

const readTuple = (record: Uint8Array): TaskTuple =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `encodeTask` alone
  unpackr.unpack(record) as TaskTuple;

/** @param lane the lane whose number the record holds */
export const decodeTask = (
  id: string,
  record: Uint8Array,
  laneOf: (n: number) => TaskLane,
): Task => {
  const t = readTuple(record);
  const lane = laneOf(t[0]);
  const arrival = { epoch: t[3], count: t[4] };
  const order = t[22] ? 'lifo' : 'fifo';
  return {
    id,
    lane,
    state: taskStates[t[1]] ?? 'ready',
    priority: t[2],
    arrival,
    order,
    readyKey: readyKey(lane.prefix, t[2], arrival, order),
    acceptedAtMs: t[5],
    dueAtMs: t[6],
    deadlineMs: t[7],
    attempts: t[8],
    expiresAtMs: t[9] ?? undefined,
    grants: t[10],
    failures: t[11],
    losses: t[12],
    returns: t[13],
    settled: t[14] === null ? undefined : { epoch: t[14], grant: t[15] },
    finishedAtMs: t[16],
    isTombstone: t[17],
    payloadBytes: t[18],
    payload: keptPayload(t[19] ?? undefined),
    result: t[20] === null ? undefined : Buffer.from(t[20]),
    error: decodeError(t[21]),
    cancelRequested: false,
    lease: undefined,
    readyRow: undefined,
    lastBatch: 0,
    inWindow: false,
  };
};

/** The payload of a record, however large. A view of `record`. */
export const payloadOfRecord = (record: Uint8Array): Uint8Array | undefined =>
  readTuple(record)[19] ?? undefined;
