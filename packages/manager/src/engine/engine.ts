import {
  type Cancel,
  type Clock,
  MillraceError,
  messageOf,
  type RandomBytes,
  type Token,
  ticketOf,
} from '@millrace/protocol';
import { tuning } from '../tuning.ts';
import { Commits, storeFailed } from './commits.ts';
import { audit } from './core/audit/audit.ts';
import { auditMemory } from './core/audit/memory-audit.ts';
import type { Effects, Finished } from './core/committed.ts';
import { load } from './core/load.ts';
import type { QueueReport } from './core/queue.ts';
import { type CoreOptions, type Now, State } from './core/state.ts';
import { nextTickInMs, tick } from './core/upkeep.ts';
import { fireSchedule } from './core/verbs/fire-schedule.ts';
import { queueReports, type SchedulesReport, schedulesReport } from './core/verbs/reports.ts';
import { verbs } from './core/verbs/table.ts';
import type { Verb, Wait } from './core/verbs/verb.ts';
import type { Journal, JournalSpace } from './store/journal.ts';
import { Turn } from './turn.ts';

/** Events of an engine, for the manager. An event tells only what is durable. */
export interface EngineEvents {
  /** At most `count` more tasks of a lane can be claimed; `laneKeyOf` makes the key of a queue, a name and a version. */
  ready(laneKey: string, count: number): void;
  finished(tasks: readonly Finished[]): void;
  /** The holder of this lease should stop. */
  abort(sessionId: string, token: Token, reason: 'cancelled' | 'fenced'): void;
  /** A task of this queue has ended, so the queue may have room. */
  room(queue: string): void;
  /** The store failed, or a defect was met (INTERNAL). Nothing is acknowledged from here on. */
  failed(error: Error): void;
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
  readonly schedules: SchedulesReport;
  readonly queues: readonly QueueReport[];
}

export interface EngineOptions extends CoreOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

type Answered<W extends Wait, Answer> = W extends 'durable' | 'unawaited' | 'read'
  ? Promise<Answer>
  : Answer;

type Call<V> =
  V extends Verb<infer Request, infer Answer, infer W>
    ? undefined extends Request
      ? () => Answered<W, Answer>
      : (request: Request) => Answered<W, Answer>
    : never;

/** The methods of an engine beside its verbs. */
export interface Lifecycle {
  /** Plans work for the end of the turn. The engine itself uses the phases `commit` and `readAhead`. */
  readonly turn: Turn;
  /** Number of this start; each start raises it durably. */
  readonly epoch: number;
  /** Whether `events.failed` was called. */
  readonly hasFailed: boolean;
  /** Whether nothing waits to be written. */
  readonly isSettled: boolean;
  /** @throws STORE_VERSION, STORE_FAILED */
  start(events: EngineEvents): Promise<void>;
  /** Writes the batch that is collecting, and closes the journal. */
  close(): Promise<void>;
  /** The secret proof that a session was given to a key. */
  ticket(sessionId: string, keyId: string): Uint8Array;
  /**
   * Commits the changes so far without the delay of an `unawaited` verb, because somebody waits
   * for its answer or for an outcome after all.
   */
  hurry(): void;
  report(): EngineReport;
  /** Where memory and journal disagree; for tests, while `isSettled`. */
  audit(): string[];
  /** Where memory disagrees with itself; for tests, at any time. */
  auditMemory(): string[];
}

/** A method for each verb of the table. */
export type Calls = { readonly [N in keyof typeof verbs]: Call<(typeof verbs)[N]> };

/**
 * The engine owns all state of the queues. Its contract, which one conformance suite holds
 * over every journal:
 *
 * 1. A promise resolves only when everything that its answer reflects is on disk. Grants
 *    alone are not waited for: `claim` grants only durable tasks, and the grants join the
 *    ordered journal within milliseconds.
 * 2. Verbs take effect in the order of their calls. A call with several requests is not
 *    a transaction; each of its requests is.
 * 3. A task is claimable only once the write that made it ready is durable, and an outcome
 *    is visible only once it is durable.
 * 4. Every grant raises the task's grant number. A token is compared only for equality,
 *    together with its session. The first settlement with the current token wins.
 * 5. Requests have durations, never instants. Leases and grace run on monotonic time,
 *    schedules and retention on wall time.
 * 6. After a failed write no promise resolves any more; `events.failed` says so.
 */
export type Engine = Lifecycle & Calls;

const SECRET_BYTES = 32;

const silent: EngineEvents = { ready() {}, finished() {}, abort() {}, room() {}, failed() {} };

const orStoreFailed = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    throw storeFailed(error);
  }
};

/** The same journal, but a failed read throws STORE_FAILED. */
const withReadErrors = (journal: Journal): Journal => ({
  name: journal.name,
  get: (key) => orStoreFailed(() => journal.get(key)),
  lastKey: (from, to) => orStoreFailed(() => journal.lastKey(from, to)),
  range: (from, to, limit) => orStoreFailed(() => journal.range(from, to, limit)),
  commit: (writes) => journal.commit(writes),
  space: () => journal.space(),
  close: () => journal.close(),
});

const storeErrors: ReadonlySet<string> = new Set(['STORE_FAILED', 'STORE_VERSION']);

/** An error that did not come from the store is a defect; it ends the engine all the same. */
const failureOf = (cause: unknown): MillraceError =>
  cause instanceof MillraceError && storeErrors.has(cause.code)
    ? cause
    : new MillraceError('INTERNAL', `a defect ended the manager: ${messageOf(cause)}`, { cause });

/**
 * The shell of the pure core: it gives the core the time, commits its batches, and holds
 * each answer back until everything that the answer reflects is on disk.
 */
class Shell implements Lifecycle {
  readonly turn: Turn;
  readonly #state: State;
  readonly #commits: Commits;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #randomBytes: RandomBytes;
  #events = silent;
  #isStarted = false;
  #isClosed = false;
  #isReadAheadPlanned = false;
  #failure: MillraceError | undefined;
  #tickAtMs = Number.POSITIVE_INFINITY;
  #stopTick: Cancel = () => {};
  #stopStoreCheck: Cancel = () => {};
  /** Space of the store when it was last looked at. */
  #space: JournalSpace = { usedBytes: 0, freeBytes: 0, reserveBytes: 0 };

  constructor(options: EngineOptions) {
    const { clock, journal, randomBytes } = options;
    this.#journal = journal;
    this.#clock = clock;
    this.#randomBytes = randomBytes;
    this.turn = new Turn(clock);
    this.#state = new State(withReadErrors(journal), options);
    const parts = { state: this.#state, journal, clock, turn: this.turn };
    this.#commits = new Commits(parts, {
      committed: (effects) => {
        this.#tell(effects);
        this.#planTick();
        this.#lookIfFull();
      },
      failed: (cause) => void this.#fail(cause),
    });
  }

  get epoch(): number {
    return this.#state.epoch;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  async start(events: EngineEvents): Promise<void> {
    this.#events = events;
    load(this.#state, this.#randomBytes(SECRET_BYTES), this.#now());
    this.#isStarted = true;
    this.#checkStore();
    this.#commits.noteChanges();
    this.#commits.hurry();
    await this.#commits.written();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTick();
    this.#stopStoreCheck();
    try {
      if (this.#isStarted && this.#failure === undefined) {
        this.#commits.hurry();
        await this.#commits.written();
      }
    } finally {
      await this.#journal.close();
    }
  }

  ticket(sessionId: string, keyId: string): Uint8Array {
    return ticketOf(this.#state.secret, sessionId, keyId);
  }

  hurry(): void {
    this.#commits.hurry();
  }

  report(): EngineReport {
    const { freeBytes, reserveBytes, usedBytes } = this.#space;
    return {
      epoch: this.#state.epoch,
      store: this.#journal.name,
      storeBytes: usedBytes,
      freeBytes,
      reserveBytes,
      commitMs: this.#commits.commitMs,
      sessions: this.#state.sessions.size,
      schedules: schedulesReport(this.#state, this.#now()),
      queues: queueReports(this.#state),
    };
  }

  get isSettled(): boolean {
    return this.#commits.isSettled;
  }

  audit(): string[] {
    return audit(this.#state);
  }

  auditMemory(): string[] {
    return auditMemory(this.#state);
  }

  /** Runs a verb; holds its answer back as the verb's `wait` says. */
  call<Request, Answer>(
    { run, wait }: Verb<Request, Answer, Wait>,
    request: Request,
  ): Answer | Promise<Answer> {
    const act = (now: Now): Answer => run(this.#state, request, now);
    switch (wait) {
      case 'durable':
      case 'unawaited':
        return this.#whenWritten(act, wait === 'durable');
      case 'read':
        return this.#whenReflected(act);
      case 'claim': {
        const grants = this.#do(act);
        this.#commits.soon();
        this.#planReadAhead();
        return grants;
      }
      case 'clock': {
        const answer = act(this.#now());
        this.#planTick();
        return answer;
      }
      default:
        return act(this.#now());
    }
  }

  async #whenWritten<T>(act: (now: Now) => T, isHurried: boolean): Promise<T> {
    const answer = this.#do(act);
    this.#commits.noteChanges();
    if (isHurried) {
      this.#commits.hurry();
    } else {
      this.#commits.soon();
    }
    await this.#commits.written();
    return answer;
  }

  async #whenReflected<T>(act: (now: Now) => T): Promise<T> {
    const answer = this.#do(act);
    await this.#commits.reflected();
    return answer;
  }

  #now(): Now {
    return { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.wallMs() };
  }

  /**
   * Runs a function of the core. If it throws, it has met a defect or a failed read and is
   * half done, so the engine fails: none of its changes may reach the disk.
   */
  #do<T>(act: (now: Now) => T): T {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    if (this.#isClosed) {
      throw new MillraceError('SHUTTING_DOWN', 'the manager has closed its store');
    }
    try {
      return act(this.#now());
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /**
   * Like `#do`, for work without a caller: returns whether it succeeded. `events.failed` tells
   * of a failure.
   */
  #does(act: (now: Now) => void): boolean {
    try {
      this.#do(act);
      return true;
    } catch {
      return false;
    }
  }

  #planReadAhead(): void {
    if (this.#state.hasLowLanes && !this.#isReadAheadPlanned) {
      this.#isReadAheadPlanned = true;
      this.turn.at('readAhead', () => {
        this.#isReadAheadPlanned = false;
        if (this.#does(() => this.#state.readAhead())) {
          this.#commits.soon();
        }
      });
    }
  }

  #tell(effects: Effects): void {
    if (effects.finished.length > 0) {
      this.#events.finished(effects.finished);
    }
    for (const [lane, count] of effects.ready) {
      this.#events.ready(lane.key, count);
    }
    for (const { sessionId, token, reason } of effects.aborts) {
      this.#events.abort(sessionId, token, reason);
    }
    for (const queue of effects.queuesWithRoom) {
      this.#events.room(queue);
    }
  }

  /** Ends all service. */
  #fail(cause: unknown): MillraceError {
    if (this.#failure !== undefined) {
      return this.#failure;
    }
    const failure = failureOf(cause);
    this.#failure = failure;
    this.#stopTick();
    this.#stopStoreCheck();
    this.#commits.stop(failure);
    this.#events.failed(failure);
    return failure;
  }

  #planTick(): void {
    if (this.#failure !== undefined || this.#isClosed) {
      return;
    }
    const now = this.#now();
    const atMs = now.monotonicMs + Math.ceil(nextTickInMs(this.#state, now));
    if (atMs < this.#tickAtMs) {
      this.#stopTick();
      this.#tickAtMs = atMs;
      this.#stopTick = this.#clock.after(atMs - now.monotonicMs, () => this.#tick());
    }
  }

  #tick(): void {
    this.#tickAtMs = Number.POSITIVE_INFINITY;
    if (this.#does((now) => tick(this.#state, now, fireSchedule))) {
      this.#commits.noteChanges();
      this.#commits.hurry();
      this.#planTick();
    }
  }

  #checkStore(): void {
    this.#lookAtSpace();
    // A step of the wall clock changes what is due next.
    this.#planTick();
    if (this.#failure === undefined) {
      this.#stopStoreCheck = this.#clock.after(tuning.storeCheckMs, () => this.#checkStore());
    }
  }

  /** A disk may fill within the second between two looks. */
  #lookIfFull(): void {
    const { freeBytes, reserveBytes } = this.#space;
    if (!this.#state.isStoreFull && freeBytes - this.#commits.writtenBytes < reserveBytes) {
      this.#lookAtSpace();
    }
  }

  #lookAtSpace(): void {
    try {
      this.#space = this.#journal.space();
    } catch (error) {
      this.#fail(storeFailed(error));
      return;
    }
    this.#commits.takeWrittenBytes();
    const { freeBytes, reserveBytes } = this.#space;
    this.#state.isStoreFull = freeBytes < reserveBytes;
  }
}

/** Makes an engine over a journal. Queues may be declared before `start`. */
export const makeEngine = (options: EngineOptions): Engine => {
  const shell = new Shell(options);
  const calls = Object.entries(verbs).map(([name, verb]) => [
    name,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `Calls` gives each verb its own request
    (request: unknown) => shell.call(verb as Verb<unknown, unknown, Wait>, request),
  ]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a method for each verb was added just now
  return Object.assign(shell, Object.fromEntries(calls)) as Engine;
};
