import type { Token } from '@millrace/protocol';
import type {
  AttemptReport,
  CancelAnswer,
  ClaimRequest,
  DropAnswer,
  EnqueueAnswer,
  Finished,
  Grant,
  HeldTask,
  ListRequest,
  LostSession,
  NewTask,
  OutcomeAnswer,
  PurgeAnswer,
  QueueReport,
  QueueSize,
  QueueSpec,
  RetryAnswer,
  RetryRequest,
  SettleAnswer,
  TaskInfo,
  TaskPage,
  WaitingLane,
} from '../engine.ts';
import type { Journal } from '../store/journal.ts';
import { audit } from './audit/audit.ts';
import { auditMemory } from './audit/memory-audit.ts';
import type { Abort, Batch } from './batch.ts';
import { load } from './load.ts';
import { type TimeIndex, timeIndexes } from './rows/keys.ts';
import { type CoreOptions, type Now, State } from './state.ts';
import type { TaskLane } from './task.ts';
import { isFinished } from './task-machine.ts';
import { setPaused } from './transitions.ts';
import { cancel } from './verbs/cancel.ts';
import { claim } from './verbs/claim.ts';
import { drop, retry } from './verbs/dead.ts';
import { enqueue } from './verbs/enqueue.ts';
import { list } from './verbs/list.ts';
import { finishedOf, inspect, outcomeOf } from './verbs/look.ts';
import { purge } from './verbs/purge.ts';
import { disconnect, endSession, openSession, resume } from './verbs/sessions.ts';
import { settle } from './verbs/settle.ts';
import { horizonMs, passTime, sweep } from './verbs/upkeep.ts';
import { lastHeld, lostSessions, waitingLanes } from './verbs/waiting.ts';

/** What may be said after a batch has become durable. */
export interface Effects {
  readonly ready: ReadonlyMap<TaskLane, number>;
  readonly finished: readonly Finished[];
  readonly aborts: readonly Abort[];
  readonly queuesWithRoom: readonly string[];
}

/** The outcomes that a batch makes visible. Nobody waits for those of items. */
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
 * The queue core: `(state, event, now) → state, effects`. It reads no clock, no
 * socket and no random number; of the disk it sees the journal's synchronous
 * reads. Changes collect in a batch; the caller commits one batch at a time and
 * reports each as `committed`, in order.
 */
export class Core {
  readonly #state: State;
  /** The batch in which each time index was swept, until it is durable. */
  readonly #sweptIn = new Map<TimeIndex, number>();

  constructor(journal: Journal, options: CoreOptions) {
    this.#state = new State(journal, options);
  }

  get epoch(): number {
    return this.#state.epoch;
  }

  get secret(): Uint8Array {
    return this.#state.secret;
  }

  get sessionCount(): number {
    return this.#state.sessions.size;
  }

  /** @throws STORE_VERSION, STORE_FAILED */
  load(freshSecret: Uint8Array, now: Now): void {
    load(this.#state, freshSecret, now);
  }

  get isStoreFull(): boolean {
    return this.#state.isStoreFull;
  }

  setStoreFull(isFull: boolean): void {
    this.#state.isStoreFull = isFull;
  }

  declareQueue(spec: QueueSpec): boolean {
    return this.#state.declareQueue(spec);
  }

  hasQueue(name: string): boolean {
    return this.#state.queues.get(name)?.declared === true;
  }

  openSession(sessionId: string): void {
    openSession(this.#state, sessionId);
  }

  resume(sessionId: string, tokens: readonly Token[], now: Now): readonly Token[] {
    return resume(this.#state, sessionId, tokens, now);
  }

  disconnect(sessionId: string, graceMs: number, now: Now): void {
    disconnect(this.#state, sessionId, graceMs, now);
  }

  endSession(sessionId: string, now: Now): void {
    endSession(this.#state, sessionId, now);
  }

  enqueue(requests: readonly (readonly NewTask[])[], now: Now): EnqueueAnswer[] {
    return requests.map((tasks) => enqueue(this.#state, tasks, now));
  }

  claim(requests: readonly ClaimRequest[], now: Now): Grant[][] {
    return claim(this.#state, requests, now);
  }

  /** Whether claims have left little in memory of a lane that has more on disk. */
  get wantsToReadAhead(): boolean {
    return this.#state.hasLowLanes;
  }

  /** Reads what the next claims will find in memory. */
  readAhead(): void {
    this.#state.readAhead();
  }

  settle(sessionId: string, reports: readonly AttemptReport[], now: Now): SettleAnswer[] {
    return reports.map((report) => settle(this.#state, sessionId, report, now));
  }

  cancel(
    requests: readonly { readonly taskId: string; readonly reason: string }[],
    now: Now,
  ): CancelAnswer[] {
    return requests.map((request) => cancel(this.#state, request, now));
  }

  outcomes(taskIds: readonly string[]): OutcomeAnswer[] {
    return taskIds.map((taskId) => outcomeOf(this.#state, taskId));
  }

  inspect(taskId: string): TaskInfo | 'UNKNOWN_TASK' {
    return inspect(this.#state, taskId);
  }

  list(request: ListRequest, now: Now): TaskPage {
    return list(this.#state, request, now);
  }

  retry(requests: readonly RetryRequest[], now: Now): RetryAnswer[] {
    return requests.map((request) => retry(this.#state, request, now));
  }

  drop(taskIds: readonly string[]): DropAnswer[] {
    return taskIds.map((taskId) => drop(this.#state, taskId));
  }

  setPaused(queueName: string, isPaused: boolean): 'UNKNOWN_QUEUE' | undefined {
    const queue = this.#state.queues.get(queueName);
    if (queue === undefined) {
      return 'UNKNOWN_QUEUE';
    }
    setPaused(this.#state, queue, isPaused);
    return undefined;
  }

  purge(queueName: string, after: string | undefined, now: Now): PurgeAnswer | 'UNKNOWN_QUEUE' {
    const queue = this.#state.queues.get(queueName);
    return queue === undefined ? 'UNKNOWN_QUEUE' : purge(this.#state, queue, after, now);
  }

  waitingLanes(now: Now): WaitingLane[] {
    return waitingLanes(this.#state, now);
  }

  lostSessions(now: Now): LostSession[] {
    return lostSessions(this.#state, now);
  }

  leaseCount(sessionId: string): number {
    return this.#state.sessions.get(sessionId)?.leases.size ?? 0;
  }

  lastHeld(sessionId: string, now: Now): HeldTask | undefined {
    return lastHeld(this.#state, sessionId, now);
  }

  size(queue: string): QueueSize | 'UNKNOWN_QUEUE' {
    return this.#state.queues.get(queue)?.size() ?? 'UNKNOWN_QUEUE';
  }

  queueReports(): QueueReport[] {
    return [...this.#state.queues.values()].map((queue) => queue.report());
  }

  /** Does what has come due: graces, fences, schedules, expiries, retention. */
  tick(now: Now): void {
    passTime(this.#state, now);
    for (const index of timeIndexes) {
      if (!this.#sweptIn.has(index) && sweep(this.#state, index, now)) {
        this.#sweptIn.set(index, this.#state.batch.number);
      }
    }
  }

  /** How long until `tick` has something to do; infinite if nothing is planned. */
  nextTickInMs(now: Now): number {
    const { fences, gracing, nextAtMs } = this.#state;
    let inMs = (fences.first?.atMs ?? Number.POSITIVE_INFINITY) - now.monotonicMs;
    for (const session of gracing) {
      inMs = Math.min(inMs, session.graceEndsAtMs - now.monotonicMs);
    }
    for (const index of timeIndexes) {
      if (!this.#sweptIn.has(index)) {
        inMs = Math.min(inMs, nextAtMs[index] - horizonMs(this.#state, index, now));
      }
    }
    return Math.max(0, inMs);
  }

  /** Where memory and journal disagree, in sentences; for tests, when nothing waits to be written. */
  audit(): string[] {
    return audit(this.#state);
  }

  /** Where memory disagrees with itself, in sentences; for tests, at any time. It reads nothing from disk. */
  auditMemory(): string[] {
    return auditMemory(this.#state);
  }

  get hasChanges(): boolean {
    return !this.#state.batch.isEmpty;
  }

  /** Closes the present batch; the next changes go into another. */
  seal(): Batch {
    return this.#state.sealBatch();
  }

  /** A sealed batch is on disk: what waited for that happens now. */
  committed(batch: Batch): Effects {
    const ready = this.#offerReady(batch);
    this.#unpin(batch);
    this.#state.noteTimes(batch);
    this.#resumeSweeps(batch);
    return {
      ready,
      finished: finishedIn(batch),
      aborts: batch.aborts,
      queuesWithRoom: [...batch.queuesWithRoom].map((queue) => queue.spec.name),
    };
  }

  #offerReady(batch: Batch): Map<TaskLane, number> {
    const counts = new Map<TaskLane, number>();
    for (const task of [...batch.arrived, ...batch.returned]) {
      if (task.state === 'ready' && task.lastBatch === batch.number) {
        this.#state.offer(task);
        counts.set(task.lane, (counts.get(task.lane) ?? 0) + 1);
      }
    }
    for (const lane of counts.keys()) {
      for (const dropped of lane.trim()) {
        this.#state.release(dropped);
      }
    }
    this.#heedPauses(batch, counts);
    return counts;
  }

  /** Nobody is told of what a paused queue has; of a queue that deals again, that all of it is there. */
  #heedPauses(batch: Batch, counts: Map<TaskLane, number>): void {
    for (const lane of counts.keys()) {
      if (lane.queue.isPaused) {
        counts.delete(lane);
      }
    }
    if (batch.resumed.size > 0) {
      for (const lane of this.#state.lanes.values()) {
        if (batch.resumed.has(lane.queue) && !lane.queue.isPaused) {
          counts.set(lane, lane.queue.counters.ready);
        }
      }
    }
  }

  /** Memory keeps what is leased or in a window; everything else is on disk now. */
  #unpin(batch: Batch): void {
    for (const task of batch.touched) {
      if (task.lastBatch === batch.number && task.lease === undefined && !task.inWindow) {
        this.#state.release(task);
      }
    }
  }

  #resumeSweeps(batch: Batch): void {
    for (const [index, number] of this.#sweptIn) {
      if (number <= batch.number) {
        this.#sweptIn.delete(index);
        this.#state.peekTime(index);
      }
    }
  }
}
