import { limits, MillraceError, taskIdMaker } from '@millrace/protocol';
import { Chain } from '../../structures/chain.ts';
import { derivedBytes } from '../../structures/derived-bytes.ts';
import { Timetable } from '../../structures/timetable.ts';
import type { Journal } from '../store/journal.ts';
import { Batch } from './batch.ts';
import type { Handle } from './handles.ts';
import { KnownTasks } from './known-tasks.ts';
import { Lane } from './lane.ts';
import { Queue, type QueueSpec } from './queue.ts';
import {
  type Arrival,
  atMsOfTimeKey,
  laneKey,
  rangeOf,
  type TimeIndex,
  taskIdOfTaskKey,
  taskKey,
  timeRange,
} from './rows/keys.ts';
import { encodeNumbers } from './rows/numbers.ts';
import { decodeTask, encodeTask, payloadOfRecord } from './rows/task-record.ts';
import { ScheduleBook } from './schedule-book.ts';
import { newSession, type Session } from './session.ts';
import { SideRows } from './side-rows.ts';
import { type Fence, type Task, type TaskLane, taskOf } from './task.ts';

/** The two clocks, read once by the caller for each event. */
export interface Now {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export interface CoreOptions {
  /**
   * Version of millrace. The store keeps it, so that an older millrace can name it when it
   * refuses the store.
   */
  readonly software: string;
  readonly payloadMaxBytes: number;
  readonly retainMaxBytes: number;
  /** Grace of a session whose leases were found in the store at a start. */
  readonly restartGraceMs: number;
}

/**
 * Everything that the core knows: the part of the journal that memory holds, and the
 * batch that collects changes. Verbs change tasks through `transitions.ts` alone.
 */
export class State {
  readonly journal: Journal;
  readonly options: CoreOptions;
  readonly queues = new Map<string, Queue>();
  readonly lanes = new Map<number, TaskLane>();
  /** The lanes that may have ready tasks; every lane that has some is among them. */
  readonly lanesToAsk = new Chain<TaskLane>();
  /** Lanes whose window is low while the disk has more. */
  readonly #lowLanes = new Set<TaskLane>();
  /** The lanes of a queue by task name, then by version. */
  readonly #lanesOf = new Map<Queue, Map<string, Map<number, TaskLane>>>();
  readonly side: SideRows;
  readonly tasks: KnownTasks<Task>;
  readonly sessions = new Map<string, Session>();
  /** Sessions without a connection. */
  readonly gracing = new Set<Session>();
  readonly fences = new Timetable<Fence>();
  /** For each time index, an instant at or before its first durable row. */
  readonly nextAtMs: Record<TimeIndex, number> = {
    due: Number.POSITIVE_INFINITY,
    expiry: Number.POSITIVE_INFINITY,
    retention: Number.POSITIVE_INFINITY,
    dead: Number.POSITIVE_INFINITY,
    tombstone: Number.POSITIVE_INFINITY,
    keys: Number.POSITIVE_INFINITY,
    ticks: Number.POSITIVE_INFINITY,
  };
  readonly schedules = new ScheduleBook();
  epoch = 0;
  secret: Uint8Array = new Uint8Array(0);
  /** Bytes of results, errors and payloads of dead tasks that are kept, roughly. */
  retainedBytes = 0;
  /** Whether the store is below its reserve of free space. */
  isStoreFull = false;
  /** `retainedBytes` as the store has it. */
  retainedOnDisk = 0;
  /** The number of the batch that swept a time index, until that batch is durable. */
  readonly sweptIn = new Map<TimeIndex, number>();
  batch = new Batch(1);
  /** The batch in flight, which the journal may not have yet. */
  sealed: Batch | undefined;
  #arrivals = 0;
  #lastLane = 0;
  #idsMade = 0;
  #idAtMs = 0;
  readonly #makeId: () => string = taskIdMaker(
    () => this.#idAtMs,
    (bytes) => this.#idBytes(bytes),
  );

  constructor(journal: Journal, options: CoreOptions) {
    this.journal = journal;
    this.side = new SideRows(journal);
    this.options = options;
    const lastKey = journal.lastKey(...rangeOf('task'));
    this.tasks = new KnownTasks(lastKey === undefined ? '' : taskIdOfTaskKey(lastKey));
  }

  /** The latest arrival so far; any task from now on arrives later. */
  get lastArrival(): Arrival {
    return { epoch: this.epoch, count: this.#arrivals };
  }

  nextArrival(): Arrival {
    this.#arrivals += 1;
    return { epoch: this.epoch, count: this.#arrivals };
  }

  /** An id for a task that the core makes itself: of the ordinary form, because ids ascend with time. */
  newTaskId(now: Now): string {
    this.#idAtMs = now.wallMs;
    return this.#makeId();
  }

  /** Bytes that no other start of this or another store makes, without a source of random numbers. */
  #idBytes(bytes: number): Uint8Array {
    this.#idsMade += 1;
    return derivedBytes(this.secret, `${this.epoch} ${this.#idsMade}`, bytes);
  }

  /** Whether another queue would be one too many. */
  get hasAllQueues(): boolean {
    return this.queues.size >= limits.queuesMax;
  }

  /** Declares a queue, or gives a known one its new bounds; answers false when there are too many. */
  declareQueue(spec: QueueSpec): boolean {
    const known = this.queues.get(spec.name);
    if (known !== undefined) {
      known.spec = spec;
      known.declared = true;
      return true;
    }
    if (this.hasAllQueues) {
      return false;
    }
    this.queues.set(spec.name, new Queue(spec, true));
    return true;
  }

  /** The queue of this name. A queue that is not known yet is added, undeclared. */
  foundQueue(name: string): Queue {
    const known = this.queues.get(name);
    if (known !== undefined) {
      return known;
    }
    const spec: QueueSpec = {
      name,
      maxItems: limits.queueMaxItems,
      maxBytes: limits.queueMaxBytes,
      order: 'fifo',
    };
    const queue = new Queue(spec, false);
    this.queues.set(name, queue);
    return queue;
  }

  addLane(number: number, queue: Queue, name: string, version: number, isNew: boolean): TaskLane {
    const lane: TaskLane = new Lane(number, queue, name, version, isNew);
    queue.laneCount += 1;
    const lanes = this.#lanesOf.get(queue) ?? new Map<string, Map<number, TaskLane>>();
    const versions = lanes.get(name) ?? new Map<number, TaskLane>();
    this.#lanesOf.set(queue, lanes.set(name, versions.set(version, lane)));
    this.lanes.set(number, lane);
    if (!isNew) {
      this.#ask(lane);
    }
    this.#lastLane = Math.max(this.#lastLane, number);
    return lane;
  }

  /** The lane of a version of a task name, made on first use. */
  laneFor(queue: Queue, name: string, version: number): TaskLane {
    const known = this.laneOfName(queue, name, version);
    if (known !== undefined) {
      return known;
    }
    const lane = this.addLane(this.#lastLane + 1, queue, name, version, true);
    this.batch.put(laneKey(queue.spec.name, name, version), encodeNumbers([lane.number]));
    return lane;
  }

  laneOfName(queue: Queue, name: string, version: number): TaskLane | undefined {
    return this.#lanesOf.get(queue)?.get(name)?.get(version);
  }

  /** How many versions of a task name a queue has seen. */
  versionsOf(queue: Queue, name: string): number {
    return this.#lanesOf.get(queue)?.get(name)?.size ?? 0;
  }

  laneNamed({ name, queue, version = 1 }: Handle): TaskLane | undefined {
    const known = this.queues.get(queue);
    return known && this.laneOfName(known, name, version);
  }

  readonly laneOf = (number: number): TaskLane => {
    const lane = this.lanes.get(number);
    if (lane === undefined) {
      throw new MillraceError(
        'STORE_FAILED',
        `a task of the store names lane ${number}, which the store does not have`,
      );
    }
    return lane;
  };

  sessionFor(sessionId: string): Session {
    const known = this.sessions.get(sessionId);
    if (known !== undefined) {
      return known;
    }
    const session = newSession(sessionId);
    this.sessions.set(sessionId, session);
    return session;
  }

  /** Forgets a session. The caller ends its leases. */
  forgetSession(session: Session): void {
    this.sessions.delete(session.id);
    this.gracing.delete(session);
  }

  /** A task from memory, which is newer, or from disk. */
  find(taskId: string): Task | undefined {
    const known = this.tasks.look(taskId);
    return known === null ? this.#fromDisk(taskId) : known;
  }

  /** A task can be claimed from now on: its ready row is durable. */
  offer(task: Task): void {
    task.lane.offer(task);
    this.#ask(task.lane);
  }

  /** The next task of a lane, read from disk if need be. */
  headOf(lane: TaskLane): Task | undefined {
    if (lane.first === undefined) {
      this.#refill(lane);
    }
    if (lane.first === undefined) {
      this.#askNoLonger(lane);
    }
    return lane.first;
  }

  /** A claim took a task of this lane: a lane that is low now is read ahead. */
  claimed(lane: TaskLane): void {
    if (lane.isLow) {
      this.#lowLanes.add(lane);
    }
  }

  get hasLowLanes(): boolean {
    return this.#lowLanes.size > 0;
  }

  /** Refills the windows of low lanes, before a claim finds one empty. */
  readAhead(): void {
    for (const lane of this.#lowLanes) {
      this.#refill(lane);
    }
    this.#lowLanes.clear();
  }

  #ask(lane: TaskLane): void {
    if (!lane.isAsked) {
      lane.isAsked = true;
      this.lanesToAsk.add(lane);
    }
  }

  #askNoLonger(lane: TaskLane): void {
    if (lane.isAsked) {
      lane.isAsked = false;
      this.lanesToAsk.remove(lane);
    }
  }

  #refill(lane: TaskLane): void {
    lane.refill(this.journal, {
      inMemory: (taskId) => this.tasks.get(taskId),
      fromDisk: (taskId, priority) => {
        const task = this.#fromDisk(taskId);
        if (task?.state !== 'ready' || task.lane !== lane || task.priority !== priority) {
          return undefined;
        }
        this.keep(task);
        return task;
      },
      drop: (rowKey) => this.batch.remove(rowKey),
    });
  }

  #fromDisk(taskId: string): Task | undefined {
    const record = this.journal.get(taskKey(taskId));
    if (record === undefined) {
      return undefined;
    }
    const { payload, values } = decodeTask(record);
    return taskOf(taskId, this.laneOf(values.laneNumber), values, payload);
  }

  payloadOf(task: Task): Uint8Array {
    if (task.payload !== undefined) {
      return task.payload;
    }
    const key = taskKey(task.id);
    const record = this.journal.get(key) ?? this.sealed?.written(key) ?? this.batch.written(key);
    const payload = record === undefined ? undefined : payloadOfRecord(record);
    if (payload === undefined) {
      throw new MillraceError('STORE_FAILED', `the payload of task ${task.id} is not in the store`);
    }
    return payload;
  }

  /** Pins a task in memory until the present batch is durable. */
  touch(task: Task): void {
    this.keep(task);
    if (task.lastBatch !== this.batch.number) {
      task.lastBatch = this.batch.number;
      this.batch.touched.push(task);
    }
    this.batch.dirtyQueues.add(task.lane.queue);
  }

  /** From now on memory holds this task, and the disk is not asked for it. */
  keep(task: Task): void {
    if (!task.isKnown) {
      task.isKnown = true;
      this.tasks.add(task.id, task);
    }
  }

  /** Memory no longer holds a task; the disk has it. */
  release(task: Task): void {
    if (task.isKnown) {
      task.isKnown = false;
      this.tasks.leave(task.id);
    }
  }

  writeTask(task: Task, payload: Uint8Array | undefined): void {
    this.touch(task);
    this.batch.put(taskKey(task.id), encodeTask(task, payload));
  }

  /** A batch is durable: from now on the rows it added to the time indexes can be read. */
  noteTimes(batch: Batch): void {
    for (const [index, instants] of batch.times) {
      for (const atMs of instants.keys()) {
        this.nextAtMs[index] = Math.min(this.nextAtMs[index], atMs);
      }
    }
  }

  /** Looks at the disk for the first row of a time index. */
  peekTime(index: TimeIndex): void {
    const [from, to] = timeRange(index, Number.POSITIVE_INFINITY);
    const [first] = this.journal.range(from, to, 1);
    if (first !== undefined) {
      this.nextAtMs[index] = Math.min(this.nextAtMs[index], atMsOfTimeKey(first.key));
    }
  }
}
