import type { Outcome, TaskError, TaskState, Token } from '@millrace/protocol';
import type { Handles } from './core/handles.ts';

/** A queue as its owner declares it. */
export interface QueueSpec {
  readonly name: string;
  /** Unfinished tasks and items it may hold. */
  readonly maxItems: number;
  /** Payload bytes its unfinished tasks may hold. */
  readonly maxBytes: number;
  /** Among equal priorities: first or last in, first out. */
  readonly order: 'fifo' | 'lifo';
}

/** A task to add; times are durations from now. */
export interface NewTask {
  readonly taskId: string;
  readonly queue: string;
  readonly name: string;
  readonly payload: Uint8Array;
  readonly priority: number;
  readonly delayMs: number;
  readonly deadlineMs: number | null;
  readonly attempts: number;
  readonly expiresInMs: number | undefined;
}

export type EnqueueRefusal =
  | 'QUEUE_FULL'
  | 'UNKNOWN_QUEUE'
  | 'PAYLOAD_TOO_LARGE'
  | 'TOO_MANY_NAMES'
  | 'STORE_FULL';

export type EnqueueAnswer =
  | { readonly created: number }
  | { readonly refused: EnqueueRefusal; readonly queue: string; readonly message: string };

/**
 * A wish for tasks of any of these handles: at most `max`, and no more after `maxBytes` of payload. Requests with
 * the same handles, one object of them, are cheaper together.
 */
export interface ClaimRequest {
  readonly sessionId: string;
  readonly handles: Handles;
  readonly max: number;
  readonly maxBytes: number;
}

/** A task that is handed out, under its token. */
export interface Grant extends Token {
  /** Position in the request's handles. */
  readonly handle: number;
  readonly payload: Uint8Array;
  /** 1 for the first; losses and returns do not count. */
  readonly attempt: number;
  readonly deadlineMs: number | null;
}

/** How a run ended, as its worker reports it. */
export interface AttemptReport extends Token {
  readonly kind: 'succeeded' | 'failed' | 'timed-out' | 'cancelled' | 'lost' | 'released';
  readonly result: Uint8Array | undefined;
  readonly error: TaskError | undefined;
}

export type SettleAnswer = 'accepted' | 'duplicate' | 'LEASE_LOST' | 'UNKNOWN_TASK';

export type CancelAnswer =
  | { readonly answer: 'cancelled' | 'requested' | 'finished'; readonly state: TaskState }
  | 'UNKNOWN_TASK';

/** A task's end, as anyone may see it from now on. */
export interface Finished {
  readonly taskId: string;
  readonly state: Outcome;
  readonly result: Uint8Array | undefined;
  readonly error: TaskError | undefined;
}

/** What is known of a task's end. */
export type OutcomeAnswer =
  | Finished
  | { readonly taskId: string; readonly state: Exclude<TaskState, Outcome> }
  | 'UNKNOWN_TASK'
  | 'RESULT_REMOVED';

export interface TaskInfo {
  readonly queue: string;
  readonly name: string;
  readonly state: TaskState;
  readonly priority: number;
  readonly grant: number;
  readonly failures: number;
  readonly losses: number;
  readonly returns: number;
  readonly payloadBytes: number;
  readonly error: TaskError | undefined;
}

export interface QueueSize {
  readonly ready: number;
  readonly scheduled: number;
  readonly leased: number;
  readonly bytes: number;
  /** What its bounds leave. */
  readonly freeItems: number;
  readonly freeBytes: number;
}

/** Which tasks to list, and from where on. */
export interface ListRequest {
  readonly queue: string | undefined;
  readonly name: string | undefined;
  readonly state: TaskState | undefined;
  readonly limit: number;
  /** `next` of the page before. */
  readonly after: string | undefined;
}

export interface TaskSummary {
  readonly taskId: string;
  readonly queue: string;
  readonly name: string;
  readonly state: TaskState;
  readonly priority: number;
  readonly failures: number;
  readonly losses: number;
  /** Since it was accepted. */
  readonly ageMs: number;
  /** Of a scheduled task. */
  readonly dueInMs: number | undefined;
  /** Of the last failure. */
  readonly error: TaskError | undefined;
}

/** Some tasks, perhaps none, and where to go on; there is no more without `next`. */
export interface TaskPage {
  readonly tasks: readonly TaskSummary[];
  readonly next: string | undefined;
}

export interface RetryRequest {
  readonly taskId: string;
  /** Of the task that does the work again. */
  readonly newTaskId: string;
}

type DeadRefusal = 'UNKNOWN_TASK' | 'RESULT_REMOVED' | 'TASK_NOT_DEAD';

export type RetryAnswer =
  | 'retried'
  | { readonly refused: DeadRefusal | EnqueueRefusal; readonly message: string };

export type DropAnswer = 'dropped' | { readonly refused: DeadRefusal; readonly message: string };

export interface PurgeAnswer {
  readonly cancelled: number;
  /** Where to go on; nothing is left without it. */
  readonly next: string | undefined;
}

/** A task name of a queue in which something is ready. */
export interface WaitingLane {
  readonly queue: string;
  readonly name: string;
  /** How long its oldest could have been dealt; unknown where the last in are the first out. */
  readonly oldestMs: number | undefined;
}

/** A session without a connection that holds leases. */
export interface LostSession {
  readonly sessionId: string;
  readonly leases: number;
  readonly returnInMs: number;
}

/** A task that a session holds. */
export interface HeldTask {
  readonly taskId: string;
  readonly queue: string;
  readonly name: string;
  readonly heldMs: number;
}

/** Running totals of a queue; they survive a restart. */
export interface QueueTotals {
  readonly enqueued: number;
  readonly succeeded: number;
  readonly dead: number;
  readonly cancelled: number;
  readonly expired: number;
  /** Grants beyond a task's first. */
  readonly regranted: number;
  readonly losses: number;
}

export interface QueueReport {
  readonly name: string;
  readonly size: QueueSize;
  readonly totals: QueueTotals;
  /** Of the scheduled ones those that failed before. */
  readonly retrying: number;
  /** Dead tasks that are still kept, and can be retried. */
  readonly deadKept: number;
  readonly isPaused: boolean;
  /** What 95 of 100 of its latest runs stayed below; unknown before the first since the start. */
  readonly runP95Ms: number | undefined;
  readonly maxItems: number;
  readonly maxBytes: number;
}

export interface EngineReport {
  readonly epoch: number;
  readonly store: string;
  readonly storeBytes: number;
  readonly freeBytes: number;
  /** Below this much free space nothing new is accepted. */
  readonly reserveBytes: number;
  readonly commitMs: number;
  readonly sessions: number;
  readonly queues: readonly QueueReport[];
}

/** What an engine tells the manager without being asked. Everything told is durable. */
export interface EngineEvents {
  /** `count` more tasks of a lane can be claimed; `laneKeyOf` its queue and name. */
  ready(laneKey: string, count: number): void;
  finished(tasks: readonly Finished[]): void;
  /** The holder of this lease should stop. */
  abort(sessionId: string, token: Token, reason: 'cancelled' | 'fenced'): void;
  /** Unfinished tasks of this queue became fewer. */
  room(queue: string): void;
  /** The store failed, or a defect was met (INTERNAL); nothing is acknowledged from here on. */
  failed(error: Error): void;
}

/**
 * Owns all queue state. Contract, kept by every engine and held by one
 * conformance suite:
 *
 * 1. A promise resolves only when everything its answer reflects is on disk.
 *    Grants alone are not waited for: what `claim` grants was durable before,
 *    and the grant joins the ordered journal, within milliseconds.
 * 2. Verbs take effect in the order of their calls. A batch is not a
 *    transaction; its entries are, each by itself.
 * 3. A task is claimable only once the write that made it ready is durable, and
 *    an outcome is visible only once it is.
 * 4. Every grant raises the task's grant number; a token is compared only for
 *    equality, together with its session. The first settlement with the current
 *    token wins.
 * 5. Durations, never instants, come in. Leases and grace run on monotonic time,
 *    schedules and retention on wall time.
 * 6. After a failed write, no promise resolves any more; `events.failed` says so.
 */
export interface Engine {
  start(events: EngineEvents): Promise<void>;
  close(): Promise<void>;

  readonly epoch: number;
  /** Whether `events.failed` was called. */
  readonly hasFailed: boolean;
  /** Declares a queue, or gives a known one new bounds; answers false when there are as many as there may be. */
  declareQueue(spec: QueueSpec): boolean;
  hasQueue(name: string): boolean;

  /** The secret proof that a session was given to a key. */
  ticket(sessionId: string, keyId: string): Uint8Array;
  openSession(sessionId: string): void;
  /**
   * Takes a session up again. Its leases that are not among `tokens` return
   * uncounted; the tokens answered are presented but no longer held.
   */
  resume(sessionId: string, tokens: readonly Token[]): Promise<readonly Token[]>;
  /** The session has no connection; after the grace its leases count as losses. */
  disconnect(sessionId: string, graceMs: number): void;
  /** The session said goodbye; its leases return uncounted, at once. */
  endSession(sessionId: string): Promise<void>;

  /** Each request adds all of its tasks or none; a known id is not added again. */
  enqueue(requests: readonly (readonly NewTask[])[]): Promise<EnqueueAnswer[]>;
  /** Tasks are dealt to the requests one by one in turn, best first. */
  claim(requests: readonly ClaimRequest[]): Promise<Grant[][]>;
  /**
   * What nobody awaits is written within milliseconds, with whatever shares its flush.
   *
   * @param isAwaited whether somebody waits for the answers, or for an outcome among them
   */
  settle(
    sessionId: string,
    reports: readonly AttemptReport[],
    isAwaited: boolean,
  ): Promise<SettleAnswer[]>;
  cancel(
    requests: readonly { readonly taskId: string; readonly reason: string }[],
  ): Promise<CancelAnswer[]>;
  outcomes(taskIds: readonly string[]): Promise<OutcomeAnswer[]>;
  inspect(taskId: string): Promise<TaskInfo | 'UNKNOWN_TASK'>;
  size(queue: string): Promise<QueueSize | 'UNKNOWN_QUEUE'>;
  /**
   * A page of tasks: of one state in the order of its index, or of all by their
   * ids. What it costs is bounded, whatever there is: a page may end short, even
   * empty, with a place to go on from. A task that moves while pages are read
   * may be met twice, or not at all.
   */
  list(request: ListRequest): Promise<TaskPage>;
  /**
   * Adds a dead task's work anew, under another id, and removes the dead task:
   * both or neither. A known new id means that it was done before.
   */
  retry(requests: readonly RetryRequest[]): Promise<RetryAnswer[]>;
  /** Removes dead tasks before their retention ends. */
  drop(taskIds: readonly string[]): Promise<DropAnswer[]>;
  /** A paused queue accepts and does not deal, also after a restart. Leases go on. */
  setPaused(queue: string, isPaused: boolean): Promise<'UNKNOWN_QUEUE' | undefined>;
  /**
   * Cancels some of what waits in a queue, ready or scheduled, and says where to
   * go on. What arrives after the first of several calls is left alone, and so is
   * what is leased.
   */
  purge(queue: string, after: string | undefined): Promise<PurgeAnswer | 'UNKNOWN_QUEUE'>;
  /** For reports: where something is ready. Costs a look for each task name and priority. */
  waitingLanes(): WaitingLane[];
  /** For reports: who may come back, or lose what it holds. */
  lostSessions(): LostSession[];
  /** For reports: how many leases a session holds. */
  leaseCount(sessionId: string): number;
  /** For reports: of the tasks that a session holds the one it was given last. */
  lastHeld(sessionId: string): HeldTask | undefined;
  report(): EngineReport;
}
