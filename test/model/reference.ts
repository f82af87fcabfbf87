import type { CancelAnswer, EnqueueAnswer, SettleAnswer } from '@millrace/manager/internals';
import {
  type AttemptKind,
  ITEM_NAME,
  limits,
  type MissedPolicy,
  type NewTask,
  type Outcome,
  type TaskState,
  type Token,
} from '@millrace/protocol';
import { fire, type ModelSchedule, type ModelTick, specOf } from './schedules.ts';

/** A run of a schedule, by its number. */
interface ModelRunOf {
  readonly schedule: string;
  readonly number: number;
}

/** The reference's record of one task. */
export interface ModelTask {
  spec: NewTask;
  /** The task's number in the order of arrival. */
  readonly arrival: number;
  readonly acceptedAtMs: number;
  readonly acceptedIn: number;
  /** Epoch in which its input was last replaced. */
  changedIn: number;
  state: TaskState;
  /** The batch that made the task ready. The task is claimable once that batch is durable. */
  readyIn: number;
  dueAtMs: number;
  /** A retry falls due within this span; the engine chooses the moment. */
  retry: { readonly fromMs: number; readonly toMs: number } | undefined;
  grants: number;
  failures: number;
  losses: number;
  /** Losses for which another task may be to blame. */
  excusedLosses: number;
  returns: number;
  cancelRequested: boolean;
  snoozes: number;
  /** Every attempt that was ever in the history. */
  noted: ModelAttempt[];
  /** The run of a schedule that made the task. */
  run: ModelRunOf | undefined;
  lease:
    | { sessionId: string; epoch: number; grant: number; fencedAtMs: number; isIsolated: boolean }
    | undefined;
  settled: { epoch: number; grant: number } | undefined;
  finishedAtMs: number;
  /** Retried or dropped: only the task's id is still known. */
  isRemoved: boolean;
}

export type EndKind = 'succeeded' | 'failed' | 'hopeless' | 'lost' | 'released' | 'snoozed';

/** An attempt as the history of its task lists it. */
export interface ModelAttempt {
  readonly grant: number;
  readonly kind: AttemptKind;
}

/** Where the key of a task is looked up, if it has one. */
const placeOf = ({ name, options, queue }: NewTask): string | undefined => {
  const { latest, once } = options ?? {};
  const key = once?.key ?? latest?.key;
  if (key === undefined) {
    return undefined;
  }
  const kind = once === undefined ? `latest of ${options?.version ?? 1}` : 'once';
  return [kind, queue, name, key].join('/');
};

/** How long a new task waits. */
const firstWaitMs = ({ delayMs, options }: NewTask): number =>
  Math.min(delayMs, options?.latest?.maxWaitMs ?? Number.POSITIVE_INFINITY);

const finalStates = new Set<TaskState>(['succeeded', 'dead', 'cancelled', 'expired']);
export const isFinal = (task: ModelTask): boolean => finalStates.has(task.state);
const isItem = (task: ModelTask): boolean => task.spec.name === ITEM_NAME;
/** Whether only the task's id and final state are still known. */
const isTombstone = (task: ModelTask): boolean => isFinal(task) && (isItem(task) || task.isRemoved);

type DeadRefusal = 'UNKNOWN_TASK' | 'RESULT_REMOVED' | 'TASK_NOT_DEAD';

export interface ModelQueue {
  readonly maxItems: number;
  readonly order: 'fifo' | 'lifo';
}

/** Which tasks of a queue a claim takes. */
interface ModelHandles {
  readonly names: readonly string[];
  readonly versions: readonly number[];
}

/** The task that holds a key, or that an enqueue became part of. `untilMs` is infinite until the task ends. */
interface ModelHold {
  readonly taskId: string;
  readonly untilMs: number;
}

/** The state that the reference loses in a crash unless it is durable. */
interface ModelStore {
  readonly tasks: Map<string, ModelTask>;
  readonly holds: Map<string, ModelHold>;
  readonly aliases: Map<string, ModelHold>;
  readonly schedules: Map<string, ModelSchedule>;
}

/**
 * The rules of the engine in the plainest form: maps, a clock and no storage. A crash
 * resets the reference to its last durable state.
 */
export class Reference {
  #store: ModelStore = {
    tasks: new Map(),
    holds: new Map(),
    aliases: new Map(),
    schedules: new Map(),
  };
  paused = new Set<string>();
  #durablePauses = new Set<string>();
  #sealedPauses: Set<string> | undefined;
  #durable: ModelStore = structuredClone(this.#store);
  #sealed: ModelStore | undefined;
  /** The time at which the grace of each session ends; infinite while it is connected. */
  readonly sessions = new Map<string, number>();
  readonly queues: Readonly<Record<string, ModelQueue>>;
  monotonicMs = 0;
  wallMs = 1_700_000_000_000;
  epoch = 1;
  batch = 1;
  committedBatch = 0;
  #arrivals = 0;

  constructor(queues: Readonly<Record<string, ModelQueue>>) {
    this.queues = queues;
  }

  get tasks(): Map<string, ModelTask> {
    return this.#store.tasks;
  }

  get schedules(): Map<string, ModelSchedule> {
    return this.#store.schedules;
  }

  schedule(name: string, everyMs: number, missed: MissedPolicy): string {
    const known = this.schedules.get(name);
    if (known === undefined) {
      const at = { createdAtMs: this.wallMs, lastTickMs: this.wallMs };
      const fresh = { everyMs, missed, ...at, isPaused: false, skipped: 0, runs: [] };
      this.schedules.set(name, fresh);
      return 'created';
    }
    if (known.everyMs === everyMs && known.missed === missed) {
      return 'unchanged';
    }
    Object.assign(known, { everyMs, missed, lastTickMs: this.wallMs });
    return 'changed';
  }

  pauseSchedule(name: string, isPaused: boolean): 'UNKNOWN_SCHEDULE' | undefined {
    const known = this.schedules.get(name);
    if (known === undefined) {
      return 'UNKNOWN_SCHEDULE';
    }
    if (known.isPaused && !isPaused) {
      known.lastTickMs = this.wallMs;
    }
    known.isPaused = isPaused;
    return undefined;
  }

  removeSchedule(name: string): string {
    return this.schedules.delete(name) ? 'removed' : 'UNKNOWN_SCHEDULE';
  }

  /** Whether a call made a task now. */
  runSchedule(name: string, taskId: string): boolean {
    const isNew = !this.tasks.has(taskId) && this.schedules.has(name);
    if (isNew) {
      this.addRun({ name, kind: 'now', tickAtMs: this.wallMs }, taskId);
    }
    return isNew;
  }

  /** The ticks that get a task now, of all schedules. */
  fireSchedules(): ModelTick[] {
    return [...this.schedules].flatMap(([name, schedule]) => fire(name, schedule, this.wallMs));
  }

  /** Adds the task of a run under the id that the engine gave it. */
  addRun({ kind, name, tickAtMs }: ModelTick, taskId: string): void {
    const runs = this.schedules.get(name)?.runs ?? [];
    const { attempts, deadlineMs, delayMs, expiresInMs, payload, priority, queue } = specOf(
      name,
      0,
      'skip',
    );
    const own = { taskId, name, options: undefined };
    this.enqueue([
      { attempts, deadlineMs, delayMs, expiresInMs, payload, priority, queue, ...own },
    ]);
    this.#task(taskId).run = { schedule: name, number: runs.length };
    runs.push({ kind, tickAtMs, taskId, outcome: 'running' });
  }

  unfinished(queue: string): ModelTask[] {
    return [...this.tasks.values()].filter((t) => t.spec.queue === queue && !isFinal(t));
  }

  seal(): void {
    this.#sealed = structuredClone(this.#store);
    this.#sealedPauses = new Set(this.paused);
    this.batch += 1;
  }

  committed(): void {
    this.#durable = this.#sealed ?? this.#durable;
    this.#durablePauses = this.#sealedPauses ?? this.#durablePauses;
    this.#sealed = undefined;
    this.#sealedPauses = undefined;
    this.committedBatch = this.batch - 1;
  }

  /** The manager dies. The batch in flight may have reached the disk. */
  crash(inFlightIsDurable: boolean): void {
    if (inFlightIsDurable) {
      this.committed();
    }
    this.#store = structuredClone(this.#durable);
    this.paused = new Set(this.#durablePauses);
    this.#sealed = undefined;
    this.#sealedPauses = undefined;
    this.epoch += 1;
    this.batch = 2;
    this.committedBatch = 1;
    this.sessions.clear();
    for (const task of this.tasks.values()) {
      task.readyIn = 0;
      if (task.lease !== undefined) {
        task.lease.fencedAtMs = this.#fenceAt(task);
        this.sessions.set(task.lease.sessionId, this.monotonicMs + limits.restartGraceMs);
      }
    }
    this.#durable = structuredClone(this.#store);
  }

  enqueue(specs: readonly NewTask[]): EnqueueAnswer | 'QUEUE_FULL' | 'PAYLOAD_TOO_LARGE' {
    const fresh = new Map<string, NewTask>();
    const existing: { index: number; taskId: string }[] = [];
    const replaced: { task: ModelTask; by: NewTask }[] = [];
    /** Those that became part of another task of the request. */
    const joined: { ownId: string; taskId: string }[] = [];
    const seen = new Set<string>();
    for (const [index, spec] of specs.entries()) {
      if (this.tasks.has(spec.taskId) || seen.has(spec.taskId)) {
        continue;
      }
      seen.add(spec.taskId);
      const taskId = this.#doneBy(spec, fresh);
      if (taskId === undefined) {
        fresh.set(spec.taskId, spec);
        continue;
      }
      existing.push({ index, taskId });
      const first = fresh.get(taskId);
      if (spec.options?.once === undefined && !this.#store.aliases.has(spec.taskId)) {
        if (first === undefined) {
          replaced.push({ task: this.#task(taskId), by: spec });
        } else {
          fresh.set(taskId, { ...spec, taskId });
          joined.push({ ownId: spec.taskId, taskId });
        }
      }
    }
    for (const queue of new Set([...fresh.values()].map((spec) => spec.queue))) {
      const items = [...fresh.values()].filter((spec) => spec.queue === queue).length;
      const maxItems = this.queues[queue]?.maxItems ?? 0;
      if (items > maxItems) {
        return 'PAYLOAD_TOO_LARGE';
      }
      if (this.unfinished(queue).length + items > maxItems) {
        return 'QUEUE_FULL';
      }
    }
    for (const spec of fresh.values()) {
      this.#arrivals += 1;
      this.tasks.set(spec.taskId, {
        spec,
        arrival: this.#arrivals,
        acceptedAtMs: this.wallMs,
        acceptedIn: this.epoch,
        changedIn: 0,
        state: firstWaitMs(spec) > 0 ? 'scheduled' : 'ready',
        readyIn: this.batch,
        dueAtMs: this.wallMs + firstWaitMs(spec),
        retry: undefined,
        grants: 0,
        failures: 0,
        losses: 0,
        excusedLosses: 0,
        returns: 0,
        cancelRequested: false,
        snoozes: 0,
        noted: [],
        run: undefined,
        lease: undefined,
        settled: undefined,
        finishedAtMs: 0,
        isRemoved: false,
      });
      this.#hold(spec);
    }
    for (const { by, task } of replaced) {
      this.#replace(task, by);
    }
    for (const { ownId, taskId } of joined) {
      this.#store.aliases.set(ownId, this.#until(taskId, limits.tombstoneMs));
    }
    return existing.length === 0 ? { created: fresh.size } : { created: fresh.size, existing };
  }

  #task(taskId: string): ModelTask {
    const task = this.tasks.get(taskId);
    if (task === undefined) {
      throw new Error(`the reference has no task ${taskId}`);
    }
    return task;
  }

  /** The task that does the work of a new one: one of the same request, or one that holds its key. */
  #doneBy(spec: NewTask, fresh: ReadonlyMap<string, NewTask>): string | undefined {
    const { latest, once } = spec.options ?? {};
    if (once === undefined && latest === undefined) {
      return undefined;
    }
    const before = once === undefined ? this.#store.aliases.get(spec.taskId) : undefined;
    if (before !== undefined) {
      return before.taskId;
    }
    const place = placeOf(spec);
    const together = [...fresh.values()].find((other) => placeOf(other) === place);
    const hold = this.#store.holds.get(place ?? '');
    const holder = hold !== undefined && hold.untilMs > this.wallMs ? hold.taskId : undefined;
    if (together !== undefined || once !== undefined) {
      return together?.taskId ?? holder;
    }
    const task = holder === undefined ? undefined : this.tasks.get(holder);
    return task !== undefined && task.grants === 0 && !isFinal(task) ? holder : undefined;
  }

  #hold(spec: NewTask): void {
    const place = placeOf(spec);
    if (place !== undefined) {
      const forMs = spec.options?.once?.forMs ?? Number.POSITIVE_INFINITY;
      this.#store.holds.set(place, this.#until(spec.taskId, forMs));
    }
  }

  /** Rounds a time up, because the engine removes lapsed keys by whole seconds. */
  #until(taskId: string, forMs: number): ModelHold {
    return { taskId, untilMs: Math.ceil((this.wallMs + forMs) / 1_000) * 1_000 };
  }

  #replace(task: ModelTask, by: NewTask): void {
    task.spec = { ...task.spec, payload: by.payload };
    task.changedIn = this.epoch;
    // A ready task is claimable once the input is durable.
    task.readyIn = this.batch;
    const { maxWaitMs = Number.POSITIVE_INFINITY, waitMs } = by.options?.latest ?? {};
    if (task.state === 'scheduled' && waitMs !== undefined) {
      task.dueAtMs = Math.min(this.wallMs + waitMs, task.acceptedAtMs + maxWaitMs);
    }
    this.#store.aliases.set(by.taskId, this.#until(task.spec.taskId, limits.tombstoneMs));
  }

  #lapse(holds: Map<string, ModelHold>): void {
    for (const [key, { untilMs }] of holds) {
      if (untilMs <= this.wallMs) {
        holds.delete(key);
      }
    }
  }

  /** The tasks that a claim must return, in order. */
  claimable(queue: string, { names, versions }: ModelHandles): ModelTask[] {
    const direction = this.queues[queue]?.order === 'lifo' ? -1 : 1;
    return [...this.tasks.values()]
      .filter(
        ({ readyIn, spec, state }) =>
          state === 'ready' &&
          readyIn <= this.committedBatch &&
          spec.queue === queue &&
          names.includes(spec.name) &&
          versions.includes(spec.options?.version ?? 1),
      )
      .toSorted((a, b) => b.spec.priority - a.spec.priority || direction * (a.arrival - b.arrival));
  }

  claim(
    sessionId: string,
    queue: string,
    handles: ModelHandles,
    max: number,
    isolates: boolean,
  ): Token[] {
    if (!this.sessions.has(sessionId) || this.paused.has(queue)) {
      return [];
    }
    return this.claimable(queue, handles)
      .slice(0, max)
      .map((task) => this.#grant(task, sessionId, this.epoch, task.grants + 1, isolates));
  }

  #fenceAt({ spec }: ModelTask): number {
    return spec.deadlineMs === null
      ? Number.POSITIVE_INFINITY
      : this.monotonicMs + spec.deadlineMs + limits.killGraceMs + limits.fenceSlackMs;
  }

  #grant(
    task: ModelTask,
    sessionId: string,
    epoch: number,
    grant: number,
    isolates: boolean,
  ): Token {
    task.state = 'leased';
    task.grants = grant;
    const isIsolated = isolates && task.losses > 0;
    task.lease = { sessionId, epoch, grant, fencedAtMs: this.#fenceAt(task), isIsolated };
    return { taskId: task.spec.taskId, epoch, grant };
  }

  /**
   * @param waitMs the wait that the handler asks for, of an attempt that failed or was snoozed
   */
  settle(sessionId: string, token: Token, kind: EndKind, waitMs: number | undefined): SettleAnswer {
    const task = this.tasks.get(token.taskId);
    if (task === undefined) {
      return 'UNKNOWN_TASK';
    }
    const { lease, settled } = task;
    if (!this.#holds(task, sessionId, token) || lease === undefined) {
      const isResent = settled?.epoch === token.epoch && settled.grant === token.grant;
      return isResent ? 'duplicate' : 'LEASE_LOST';
    }
    task.settled = { epoch: token.epoch, grant: token.grant };
    switch (kind) {
      case 'succeeded':
        if (task.noted.length > 0) {
          this.#note(task, 'succeeded');
        }
        this.#finish(task, 'succeeded');
        break;
      case 'snoozed':
        this.#snooze(task, waitMs ?? 0);
        break;
      case 'released':
        this.#return(task);
        break;
      case 'lost':
        this.#lose(task, false);
        break;
      default:
        this.#fail(task, 'failed', kind !== 'hopeless', waitMs);
    }
    return 'accepted';
  }

  #holds({ lease }: ModelTask, sessionId: string, token: Token): boolean {
    return (
      lease?.sessionId === sessionId && lease.epoch === token.epoch && lease.grant === token.grant
    );
  }

  cancel(taskId: string): CancelAnswer {
    const task = this.tasks.get(taskId);
    if (task === undefined) {
      return 'UNKNOWN_TASK';
    }
    if (isFinal(task)) {
      return { answer: 'finished', state: task.state };
    }
    if (task.lease !== undefined) {
      task.cancelRequested = true;
      return { answer: 'requested', state: 'leased' };
    }
    this.#finish(task, 'cancelled');
    return { answer: 'cancelled', state: 'cancelled' };
  }

  prioritize(taskId: string, priority: number): string {
    const task = this.tasks.get(taskId);
    if (task === undefined) {
      return 'UNKNOWN_TASK';
    }
    if (task.state !== 'ready' && task.state !== 'scheduled') {
      return 'TASK_NOT_WAITING';
    }
    if (task.spec.priority !== priority) {
      task.spec = { ...task.spec, priority };
      task.changedIn = this.epoch;
      // A ready task is claimable once its priority is durable.
      task.readyIn = this.batch;
    }
    return 'prioritized';
  }

  #findDead(taskId: string): ModelTask | DeadRefusal {
    const task = this.tasks.get(taskId);
    if (task === undefined) {
      return 'UNKNOWN_TASK';
    }
    if (isTombstone(task)) {
      return 'RESULT_REMOVED';
    }
    return task.state === 'dead' ? task : 'TASK_NOT_DEAD';
  }

  retry({
    newTaskId,
    taskId,
    withoutKey,
  }: {
    readonly taskId: string;
    readonly newTaskId: string;
    readonly withoutKey: boolean;
  }): string {
    if (this.tasks.has(newTaskId)) {
      return 'retried';
    }
    const dead = this.#findDead(taskId);
    if (typeof dead === 'string') {
      return dead;
    }
    const { once, retryPolicy, version } = dead.spec.options ?? {};
    const keepsKey = once !== undefined && once.forMs === undefined && !withoutKey;
    const hold = keepsKey ? this.#store.holds.get(placeOf(dead.spec) ?? '') : undefined;
    if (hold !== undefined && hold.untilMs > this.wallMs) {
      return 'KEY_IN_USE';
    }
    const options = {
      ...(retryPolicy === undefined ? {} : { retryPolicy }),
      ...(keepsKey ? { once } : {}),
      ...(version === undefined ? {} : { version }),
    };
    const answer = this.enqueue([{ ...dead.spec, taskId: newTaskId, delayMs: 0, options }]);
    if (typeof answer === 'string') {
      return answer;
    }
    dead.isRemoved = true;
    return 'retried';
  }

  drop(taskId: string): string {
    const dead = this.#findDead(taskId);
    if (typeof dead === 'string') {
      return dead;
    }
    dead.isRemoved = true;
    return 'dropped';
  }

  /** Cancels all tasks of a queue that are not leased. */
  purge(queue: string): number {
    const waiting = this.unfinished(queue).filter(({ lease }) => lease === undefined);
    for (const task of waiting) {
      this.#finish(task, 'cancelled');
    }
    return waiting.length;
  }

  /** The ids that a listing returns. */
  listed(state: TaskState | undefined): string[] {
    return [...this.tasks.values()]
      .filter((task) => !isTombstone(task) && (state === undefined || task.state === state))
      .map(({ spec }) => spec.taskId)
      .toSorted();
  }

  open(sessionId: string): void {
    this.sessions.set(sessionId, Number.POSITIVE_INFINITY);
  }

  disconnect(sessionId: string, graceMs: number): void {
    if (this.sessions.has(sessionId)) {
      this.sessions.set(sessionId, this.monotonicMs + graceMs);
    }
  }

  #leasedTo(sessionId: string): ModelTask[] {
    return [...this.tasks.values()].filter(({ lease }) => lease?.sessionId === sessionId);
  }

  resume(sessionId: string, tokens: readonly Token[]): Token[] {
    this.open(sessionId);
    const lost = tokens.filter((token) => !this.#takeUp(sessionId, token));
    for (const task of this.#leasedTo(sessionId)) {
      if (!tokens.some((t) => t.taskId === task.spec.taskId && this.#holds(task, sessionId, t))) {
        this.#return(task);
      }
    }
    return lost;
  }

  #takeUp(sessionId: string, token: Token): boolean {
    const task = this.tasks.get(token.taskId);
    if (task === undefined) {
      return false;
    }
    const isForgotten =
      task.state === 'ready' &&
      task.acceptedIn < this.epoch &&
      task.changedIn !== this.epoch &&
      token.epoch === this.epoch - 1 &&
      token.grant === task.grants + 1;
    if (isForgotten) {
      this.#grant(task, sessionId, token.epoch, token.grant, false);
    }
    return this.#holds(task, sessionId, token);
  }

  end(sessionId: string): void {
    if (this.sessions.delete(sessionId)) {
      this.#leasedTo(sessionId).forEach((task) => this.#return(task));
    }
  }

  /** Carries out everything that has come due. */
  pass(): void {
    for (const [sessionId, graceEndsAtMs] of this.sessions) {
      if (graceEndsAtMs <= this.monotonicMs) {
        this.sessions.delete(sessionId);
        const lost = this.#leasedTo(sessionId);
        for (const task of lost) {
          this.#lose(task, lost.length > 1 || task.lease?.isIsolated === true);
        }
      }
    }
    for (const task of this.tasks.values()) {
      this.#passTask(task);
    }
    this.#lapse(this.#store.holds);
    this.#lapse(this.#store.aliases);
  }

  #passTask(task: ModelTask): void {
    const { acceptedAtMs, lease, spec } = task;
    if (lease !== undefined && lease.fencedAtMs <= this.monotonicMs) {
      this.#fail(task, 'timed-out', true, undefined);
    }
    if (task.state === 'scheduled' && task.retry === undefined && task.dueAtMs <= this.wallMs) {
      this.#ready(task);
    }
    const expiresAtMs = acceptedAtMs + (spec.expiresInMs ?? Number.POSITIVE_INFINITY);
    if (!isFinal(task) && task.grants === 0 && expiresAtMs <= this.wallMs) {
      this.#finish(task, 'expired');
    }
    if (isFinal(task) && this.#isResultOver(task)) {
      task.isRemoved = true;
    }
    if (isFinal(task) && this.#isForgotten(task)) {
      this.tasks.delete(spec.taskId);
    }
  }

  /** The engine removes what is over by whole seconds. */
  #isOver(atMs: number): boolean {
    return Math.ceil(atMs / 1_000) * 1_000 <= this.wallMs;
  }

  #isResultOver(task: ModelTask): boolean {
    const keepMs = task.state === 'dead' ? limits.retainDeadMs : limits.retainSucceededMs;
    return this.#isOver(task.finishedAtMs + keepMs);
  }

  #isForgotten(task: ModelTask): boolean {
    const { forMs = 0 } = task.spec.options?.once ?? {};
    const knownMs = Math.max(limits.tombstoneMs, forMs);
    return isTombstone(task) && this.#isOver(task.acceptedAtMs + knownMs);
  }

  /** The engine made this retry ready. */
  fallDue(task: ModelTask): void {
    task.retry = undefined;
    this.#ready(task);
  }

  #ready(task: ModelTask): void {
    task.state = 'ready';
    task.readyIn = this.batch;
  }

  #return(task: ModelTask): void {
    task.returns += 1;
    this.#freed(task);
  }

  /** Adds the attempt of a leased task to its history. */
  #note(task: ModelTask, kind: AttemptKind): void {
    if (!isItem(task) && task.lease !== undefined) {
      task.noted.push({ grant: task.lease.grant, kind });
    }
  }

  #snooze(task: ModelTask, waitMs: number): void {
    if (task.snoozes === limits.snoozesMax) {
      this.#fail(task, 'failed', true, undefined);
      return;
    }
    this.#note(task, 'snoozed');
    task.snoozes += 1;
    if (task.cancelRequested) {
      this.#finish(task, 'cancelled');
    } else {
      this.#wait(task, waitMs, waitMs);
    }
  }

  #lose(task: ModelTask, isExcused: boolean): void {
    this.#note(task, 'lost');
    task.losses += 1;
    task.excusedLosses += isExcused ? 1 : 0;
    const isPoison =
      task.losses - task.excusedLosses >= limits.lossesMax || task.losses >= limits.lossesAllMax;
    if (isItem(task) || task.cancelRequested) {
      this.#freed(task);
    } else if (isPoison) {
      this.#finish(task, 'dead');
    } else if (task.losses === 1 || !isExcused) {
      this.#freed(task);
    } else {
      this.#waitAfter(task, task.losses - 1);
    }
  }

  #freed(task: ModelTask): void {
    task.lease = undefined;
    if (task.cancelRequested) {
      this.#finish(task, 'cancelled');
    } else {
      this.#ready(task);
    }
  }

  #fail(task: ModelTask, kind: AttemptKind, mayRetry: boolean, waitMs: number | undefined): void {
    this.#note(task, kind);
    task.failures += 1;
    task.lease = undefined;
    if (task.cancelRequested) {
      this.#finish(task, 'cancelled');
    } else if (!mayRetry || task.failures >= task.spec.attempts) {
      this.#finish(task, 'dead');
    } else if (waitMs !== undefined) {
      this.#wait(task, waitMs, waitMs);
    } else {
      this.#waitByPolicy(task);
    }
  }

  #waitAfter(task: ModelTask, number: number): void {
    const ceilingMs = Math.min(limits.backoffMaxMs, limits.backoffBaseMs * 2 ** (number - 1));
    this.#wait(task, ceilingMs / 2, ceilingMs);
  }

  /** The waits of the task's policy, counted one by one. */
  #waitByPolicy(task: ModelTask): void {
    const policy = task.spec.options?.retryPolicy;
    if (policy === undefined) {
      this.#waitAfter(task, task.failures);
      return;
    }
    let ceilingMs = policy.waitsMs[0] ?? 0;
    for (let failure = 2; failure <= task.failures; failure++) {
      ceilingMs = policy.waitsMs[failure - 1] ?? ceilingMs * policy.factor;
    }
    ceilingMs = Math.min(policy.maxMs, ceilingMs);
    this.#wait(task, ceilingMs * (1 - policy.jitter), ceilingMs);
  }

  #wait(task: ModelTask, fromMs: number, toMs: number): void {
    task.lease = undefined;
    task.state = 'scheduled';
    task.retry = { fromMs: this.wallMs + Math.floor(fromMs), toMs: this.wallMs + toMs };
  }

  #finish(task: ModelTask, state: Outcome): void {
    task.state = state;
    const run = this.schedules.get(task.run?.schedule ?? '')?.runs[task.run?.number ?? -1];
    // Another schedule may have the name now.
    if (run?.taskId === task.spec.taskId) {
      run.outcome = state;
    }
    task.lease = undefined;
    task.retry = undefined;
    task.finishedAtMs = this.wallMs;
    const place = placeOf(task.spec) ?? '';
    const isTimed = task.spec.options?.once?.forMs !== undefined;
    if (!isTimed && this.#store.holds.get(place)?.taskId === task.spec.taskId) {
      this.#store.holds.delete(place);
    }
  }
}
