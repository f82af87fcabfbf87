import type { Outcome, TaskError } from '@millrace/protocol';
import type { Abort, Batch } from './batch.ts';
import type { State } from './state.ts';
import type { Task, TaskLane } from './task.ts';
import { isFinished } from './task-machine.ts';
import { shedPayload } from './transitions.ts';

/** The durable outcome of a task, which anyone may see. */
export interface Finished {
  readonly taskId: string;
  readonly state: Outcome;
  readonly result: Uint8Array | undefined;
  readonly error: TaskError | undefined;
}

/** The effects of a durable batch, which may be told. */
export interface Effects {
  /** How many tasks of each lane became claimable; after a resume, an upper bound. */
  readonly ready: ReadonlyMap<TaskLane, number>;
  readonly finished: readonly Finished[];
  readonly aborts: readonly Abort[];
  readonly queuesWithRoom: readonly string[];
}

export const finishedOf = (task: Task, state: Outcome): Finished => ({
  taskId: task.id,
  state,
  result: task.result,
  error: task.error,
});

/** The outcomes that a batch makes visible. Items are left out, because nobody waits for their outcomes. */
const finishedIn = (batch: Batch): Finished[] => {
  const finished: Finished[] = [];
  for (const task of batch.finished) {
    if (isFinished(task.state) && !task.lane.isItems) {
      finished.push(finishedOf(task, task.state));
    }
  }
  return finished;
};

/**
 * A paused queue announces nothing. A resumed queue announces for each of its lanes as many
 * tasks as are ready in the whole queue, because nothing counts the ready tasks of one lane.
 */
const heedPauses = (state: State, batch: Batch, counts: Map<TaskLane, number>): void => {
  for (const lane of counts.keys()) {
    if (lane.queue.isPaused) {
      counts.delete(lane);
    }
  }
  if (batch.resumed.size > 0) {
    for (const lane of state.lanes.values()) {
      if (batch.resumed.has(lane.queue) && !lane.queue.isPaused) {
        counts.set(lane, lane.queue.counters.ready);
      }
    }
  }
};

const offerReady = (state: State, batch: Batch): Map<TaskLane, number> => {
  const counts = new Map<TaskLane, number>();
  for (const task of [...batch.arrived, ...batch.returned]) {
    if (task.state === 'ready' && task.lastBatch === batch.number) {
      state.offer(task);
      counts.set(task.lane, (counts.get(task.lane) ?? 0) + 1);
    }
  }
  for (const lane of counts.keys()) {
    for (const dropped of lane.trim()) {
      state.release(dropped);
    }
  }
  heedPauses(state, batch, counts);
  return counts;
};

/** Memory keeps leased tasks, windows, and tasks that a later batch changes; the others are on disk now. */
const unpin = (state: State, batch: Batch): void => {
  for (const task of batch.touched) {
    if (task.lastBatch === batch.number) {
      shedPayload(task);
      if (task.lease === undefined && !task.inWindow) {
        state.release(task);
      }
    }
  }
};

/** A time index may be swept again once the rows that the last sweep removed are gone. */
const resumeSweeps = (state: State, batch: Batch): void => {
  for (const [index, number] of state.sweptIn) {
    if (number <= batch.number) {
      state.sweptIn.delete(index);
      state.peekTime(index);
    }
  }
};

/** A sealed batch is on disk: its ready tasks become claimable, and its tasks may leave memory. */
export const committed = (state: State, batch: Batch): Effects => {
  const ready = offerReady(state, batch);
  unpin(state, batch);
  if (state.sealed === batch) {
    state.sealed = undefined;
  }
  state.side.durable(batch);
  state.noteTimes(batch);
  resumeSweeps(state, batch);
  return {
    ready,
    finished: finishedIn(batch),
    aborts: batch.aborts,
    queuesWithRoom: [...batch.queuesWithRoom].map((queue) => queue.spec.name),
  };
};
