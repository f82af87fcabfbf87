import { ITEM_NAME } from '@millrace/protocol';
import type { Arrival } from '../rows/keys.ts';
import type { LeaseRecord } from '../rows/lease-record.ts';
import type { TaskValues } from '../rows/task-record.ts';

/** A lane, as its row describes it. */
export interface StoredLane {
  readonly queue: string;
  readonly isItems: boolean;
}

export const storedLane = (queue: string, name: string): StoredLane => ({
  queue,
  isItems: name === ITEM_NAME,
});

/** A task as the rows of a store describe it. */
export interface StoredTask
  extends Pick<
    TaskValues,
    | 'grants'
    | 'isTombstone'
    | 'payloadBytes'
    | 'result'
    | 'error'
    | 'state'
    | 'laneNumber'
    | 'priority'
    | 'extras'
  > {
  readonly id: string;
  readonly lane: StoredLane;
  readonly arrival: Arrival;
  readonly dueAtMs: number;
  readonly expiresAtMs: number | undefined;
}

/** Finds the lease of a task that is in force. */
export type FindLease = (
  task: Pick<StoredTask, 'id' | 'state' | 'grants' | 'arrival'>,
) => LeaseRecord | undefined;

/** The record of a leased task says `ready`; only the lease row tells that it is leased. */
export const storedTask = (
  id: string,
  lane: StoredLane,
  values: TaskValues,
  findLease: FindLease,
): StoredTask => {
  const { acceptedAtMs, expiresAfterMs, grants, state } = values;
  const arrival = { epoch: values.arrivalEpoch, count: values.arrivalCount };
  // Field by field: a spread of so many fields takes longer than all else that is done with a row.
  return {
    id,
    lane,
    arrival,
    laneNumber: values.laneNumber,
    priority: values.priority,
    state: findLease({ id, state, grants, arrival }) === undefined ? state : 'leased',
    grants,
    isTombstone: values.isTombstone,
    payloadBytes: values.payloadBytes,
    result: values.result,
    extras: values.extras,
    error: values.error,
    dueAtMs: acceptedAtMs + values.dueAfterMs,
    expiresAtMs: expiresAfterMs === undefined ? undefined : acceptedAtMs + expiresAfterMs,
  };
};
