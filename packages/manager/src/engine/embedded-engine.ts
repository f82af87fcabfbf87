import {
  type Cancel,
  type Clock,
  MillraceError,
  messageOf,
  type RandomBytes,
  ticketOf,
} from '@millrace/protocol';
import type { Batch } from './core/batch.ts';
import { Core, type Effects } from './core/core.ts';
import type { CoreOptions, Now } from './core/state.ts';
import type { Engine, EngineEvents, EngineReport } from './engine.ts';
import type { Journal, JournalSpace, Write } from './store/journal.ts';

export interface EmbeddedEngineOptions extends CoreOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

const SECRET_BYTES = 32;
/** How often the store, its free space and the wall clock are looked at. */
const STORE_CHECK_MS = 1_000;
/**
 * How long what nobody waits for waits for something to share a flush with:
 * grants, and ends of runs that nobody awaits. Of a task that ends before, its
 * grant need not be written at all; on its own it would only hold up the result
 * that comes next.
 */
const UNAWAITED_MAX_MS = 5;
/** Share of the last commit in the reported commit time. */
const COMMIT_SMOOTHING = 0.1;

const bytesOf = (writes: readonly Write[]): number => {
  let bytes = 0;
  for (const { key, value } of writes) {
    bytes += key.length + (value?.length ?? 0);
  }
  return bytes;
};

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: MillraceError) => void;
}

const deferred = (): Deferred => {
  let resolve = (): void => {};
  let reject = (_error: MillraceError): void => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // A failure is told by `events.failed`; that nobody waits for this batch is no fault.
  promise.catch(() => {});
  return { promise, resolve, reject };
};

const resolved = (): Deferred => {
  const done = deferred();
  done.resolve();
  return done;
};

const storeFailed = (cause: unknown): MillraceError =>
  new MillraceError('STORE_FAILED', `the store failed: ${messageOf(cause)}`, { cause });

/** What did not come from the store is a defect; the engine ends all the same. */
const failureOf = (cause: unknown): MillraceError =>
  cause instanceof MillraceError && cause.code === 'STORE_FAILED'
    ? cause
    : new MillraceError('INTERNAL', `a defect ended the manager: ${messageOf(cause)}`, { cause });

const orStoreFailed = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    throw storeFailed(error);
  }
};

/** A journal whose reads say that it was the store that failed. */
const tellingReads = (journal: Journal): Journal => ({
  name: journal.name,
  get: (key) => orStoreFailed(() => journal.get(key)),
  lastKey: (from, to) => orStoreFailed(() => journal.lastKey(from, to)),
  range: (from, to, limit) => orStoreFailed(() => journal.range(from, to, limit)),
  commit: (writes) => journal.commit(writes),
  space: () => journal.space(),
  close: () => journal.close(),
});

const silent: EngineEvents = { ready() {}, finished() {}, abort() {}, room() {}, failed() {} };

/**
 * The shell of the pure core: gives it the time, writes its batches one after
 * another, and lets answers go once what they reflect is on disk.
 */
export class EmbeddedEngine implements Engine {
  readonly #core: Core;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #randomBytes: RandomBytes;
  #events = silent;
  #isCommitting = false;
  #isCommitPlanned = false;
  /** Whether somebody waits for the batch that is collecting. */
  #isUrgent = false;
  /** Whether it holds anything that an answer can reflect: more than grants. */
  #isReflected = false;
  #stopWaiting: Cancel | undefined;
  #isStarted = false;
  #isClosed = false;
  #failure: MillraceError | undefined;
  /** Resolves when the batch that is collecting now is durable. */
  #nextCommit = deferred();
  /** Resolves when the batch in flight, or else the last one, is durable. */
  #presentCommit = resolved();
  #tickAtMs = Number.POSITIVE_INFINITY;
  #stopTick: Cancel = () => {};
  #stopStoreCheck: Cancel = () => {};
  #commitMs = 0;
  /** At the last look. */
  #space: JournalSpace = { usedBytes: 0, freeBytes: 0, reserveBytes: 0 };
  /** Since the last look, by the log and by the tree, which both take each batch. */
  #writtenBytes = 0;

  constructor(options: EmbeddedEngineOptions) {
    this.#journal = options.journal;
    this.#clock = options.clock;
    this.#randomBytes = options.randomBytes;
    this.#core = new Core(tellingReads(options.journal), options);
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  get epoch(): number {
    return this.#core.epoch;
  }

  async start(events: EngineEvents): Promise<void> {
    this.#events = events;
    this.#core.load(this.#randomBytes(SECRET_BYTES), this.#now());
    this.#isStarted = true;
    this.#checkStore();
    await this.#durable(() => undefined);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTick();
    this.#stopStoreCheck();
    try {
      if (this.#isStarted && this.#failure === undefined) {
        this.#urge();
        await this.#writtenSoFar();
      }
    } finally {
      await this.#journal.close();
    }
  }

  declareQueue: Engine['declareQueue'] = (spec) => this.#core.declareQueue(spec);

  hasQueue: Engine['hasQueue'] = (name) => this.#core.hasQueue(name);

  ticket: Engine['ticket'] = (sessionId, keyId) => ticketOf(this.#core.secret, sessionId, keyId);

  openSession: Engine['openSession'] = (sessionId) => this.#core.openSession(sessionId);

  resume: Engine['resume'] = (sessionId, tokens) =>
    this.#durable((now) => this.#core.resume(sessionId, tokens, now));

  disconnect: Engine['disconnect'] = (sessionId, graceMs) => {
    this.#core.disconnect(sessionId, graceMs, this.#now());
    this.#planTick();
  };

  endSession: Engine['endSession'] = (sessionId) =>
    this.#durable((now) => this.#core.endSession(sessionId, now));

  enqueue: Engine['enqueue'] = (requests) =>
    this.#durable((now) => this.#core.enqueue(requests, now));

  claim: Engine['claim'] = async (requests) => {
    const grants = this.#do((now) => this.#core.claim(requests, now));
    this.#planUnawaited();
    if (this.#core.wantsToReadAhead) {
      // Behind all that this turn sends, when whoever got the grants is at work.
      this.#clock.endOfTurn(() => this.#clock.endOfTurn(() => this.#readAhead()));
    }
    return grants;
  };

  settle: Engine['settle'] = (sessionId, reports, isAwaited) =>
    this.#durable((now) => this.#core.settle(sessionId, reports, now), isAwaited);

  cancel: Engine['cancel'] = (requests) => this.#durable((now) => this.#core.cancel(requests, now));

  outcomes: Engine['outcomes'] = (taskIds) => this.#known(() => this.#core.outcomes(taskIds));

  inspect: Engine['inspect'] = (taskId) => this.#known(() => this.#core.inspect(taskId));

  list: Engine['list'] = (request) => this.#known(() => this.#core.list(request, this.#now()));

  retry: Engine['retry'] = (requests) => this.#durable((now) => this.#core.retry(requests, now));

  drop: Engine['drop'] = (taskIds) => this.#durable(() => this.#core.drop(taskIds));

  setPaused: Engine['setPaused'] = (queue, isPaused) =>
    this.#durable(() => this.#core.setPaused(queue, isPaused));

  purge: Engine['purge'] = (queue, after) =>
    this.#durable((now) => this.#core.purge(queue, after, now));

  waitingLanes: Engine['waitingLanes'] = () => this.#do((now) => this.#core.waitingLanes(now));

  lostSessions: Engine['lostSessions'] = () => this.#core.lostSessions(this.#now());

  leaseCount: Engine['leaseCount'] = (sessionId) => this.#core.leaseCount(sessionId);

  lastHeld: Engine['lastHeld'] = (sessionId) => this.#core.lastHeld(sessionId, this.#now());

  size: Engine['size'] = (queue) => this.#known(() => this.#core.size(queue));

  report(): EngineReport {
    return {
      epoch: this.#core.epoch,
      store: this.#journal.name,
      storeBytes: this.#space.usedBytes,
      freeBytes: this.#space.freeBytes,
      reserveBytes: this.#space.reserveBytes,
      commitMs: this.#commitMs,
      sessions: this.#core.sessionCount,
      queues: this.#core.queueReports(),
    };
  }

  /** Whether nothing waits to be written. */
  get isSettled(): boolean {
    return !this.#isCommitting && !this.#core.hasChanges;
  }

  /** Where memory and journal disagree; for tests, while `isSettled`. */
  audit(): string[] {
    return this.#core.audit();
  }

  /** Where memory disagrees with itself; for tests, at any time. */
  auditMemory(): string[] {
    return this.#core.auditMemory();
  }

  #now(): Now {
    return { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.wallMs() };
  }

  /**
   * Runs a verb of the core. One that throws has met a defect or a store that
   * cannot be read, half done: nothing of it may reach the disk.
   */
  #do<T>(verb: (now: Now) => T): T {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    if (this.#isClosed) {
      throw new MillraceError('SHUTTING_DOWN', 'the manager has closed its store');
    }
    try {
      return verb(this.#now());
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** What a verb reads, once everything but grants that it can reflect is on disk. */
  async #known<T>(verb: () => T): Promise<T> {
    const answer = this.#do(verb);
    if (this.#isReflected) {
      this.#urge();
    }
    await (this.#isReflected ? this.#nextCommit : this.#presentCommit).promise;
    return answer;
  }

  /** The answer of a verb, once everything it changed or can reflect is on disk; that is hurried when somebody waits for it. */
  async #durable<T>(verb: (now: Now) => T, isAwaited = true): Promise<T> {
    const answer = this.#do(verb);
    this.#isReflected ||= this.#core.hasChanges;
    if (isAwaited) {
      this.#urge();
    } else {
      this.#planUnawaited();
    }
    await this.#writtenSoFar();
    return answer;
  }

  /** Resolves when everything that was changed so far is durable. */
  #writtenSoFar(): Promise<void> {
    return (this.#core.hasChanges ? this.#nextCommit : this.#presentCommit).promise;
  }

  /** Somebody waits for what is collecting. */
  #urge(): void {
    this.#isUrgent ||= this.#core.hasChanges;
    this.#planCommit();
  }

  #planUnawaited(): void {
    if (!this.#isUrgent && !this.#isCommitting && this.#core.hasChanges) {
      this.#stopWaiting ??= this.#clock.after(UNAWAITED_MAX_MS, () => this.#urge());
    }
  }

  /** All changes of this turn, and of the time a batch is in flight, become one batch. */
  #planCommit(): void {
    if (this.#isCommitting || this.#isCommitPlanned || !this.#isUrgent) {
      return;
    }
    this.#isCommitPlanned = true;
    this.#clock.endOfTurn(() => {
      this.#isCommitPlanned = false;
      this.#commit();
    });
  }

  #commit(): void {
    if (this.#isCommitting || this.#failure !== undefined || !this.#core.hasChanges) {
      return;
    }
    this.#isCommitting = true;
    this.#isUrgent = false;
    this.#isReflected = false;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    const startedAtMs = this.#clock.monotonicMs();
    const batch = this.#core.seal();
    const done = this.#nextCommit;
    this.#nextCommit = deferred();
    this.#presentCommit = done;
    this.#writtenBytes += 2 * bytesOf(batch.writes);
    this.#journal
      .commit(batch.writes)
      .then(
        () => this.#committed(batch, done, startedAtMs),
        (error: unknown) => {
          throw storeFailed(error);
        },
      )
      .catch((error: unknown) => void this.#fail(error));
  }

  #committed(batch: Batch, done: Deferred, startedAtMs: number): void {
    if (this.#failure !== undefined) {
      return;
    }
    this.#isCommitting = false;
    this.#timeCommit(startedAtMs);
    const effects = this.#core.committed(batch);
    // The disk works on the next batch while what follows from this one is told and sent.
    if (this.#isUrgent) {
      this.#commit();
    }
    this.#tell(effects);
    done.resolve();
    this.#planUnawaited();
    this.#planTick();
    this.#lookIfFull();
  }

  /** A disk may fill within the second between two looks. */
  #lookIfFull(): void {
    const { freeBytes, reserveBytes } = this.#space;
    if (!this.#core.isStoreFull && freeBytes - this.#writtenBytes < reserveBytes) {
      this.#lookAtSpace();
    }
  }

  #timeCommit(startedAtMs: number): void {
    const tookMs = this.#clock.monotonicMs() - startedAtMs;
    this.#commitMs += (tookMs - this.#commitMs) * COMMIT_SMOOTHING;
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

  /** Ends all service. A batch in flight may still reach the disk; nobody is told. */
  #fail(cause: unknown): MillraceError {
    if (this.#failure !== undefined) {
      return this.#failure;
    }
    const failure = failureOf(cause);
    this.#failure = failure;
    this.#stopTick();
    this.#stopStoreCheck();
    this.#presentCommit.reject(failure);
    this.#nextCommit.reject(failure);
    this.#events.failed(failure);
    return failure;
  }

  #planTick(): void {
    if (this.#failure !== undefined || this.#isClosed) {
      return;
    }
    const now = this.#now();
    const atMs = now.monotonicMs + Math.ceil(this.#core.nextTickInMs(now));
    if (atMs < this.#tickAtMs) {
      this.#stopTick();
      this.#tickAtMs = atMs;
      this.#stopTick = this.#clock.after(atMs - now.monotonicMs, () => this.#tick());
    }
  }

  #tick(): void {
    this.#tickAtMs = Number.POSITIVE_INFINITY;
    if (this.#does((now) => this.#core.tick(now))) {
      this.#isReflected ||= this.#core.hasChanges;
      this.#urge();
      this.#planTick();
    }
  }

  #readAhead(): void {
    if (this.#does(() => this.#core.readAhead())) {
      this.#planUnawaited();
    }
  }

  /** Does what nobody asked for; answers whether that went well. A failure has been told. */
  #does(verb: (now: Now) => void): boolean {
    try {
      this.#do(verb);
      return true;
    } catch {
      return false;
    }
  }

  #checkStore(): void {
    this.#lookAtSpace();
    // The wall clock may have been stepped: what is due by it is reckoned anew.
    this.#planTick();
    if (this.#failure === undefined) {
      this.#stopStoreCheck = this.#clock.after(STORE_CHECK_MS, () => this.#checkStore());
    }
  }

  #lookAtSpace(): void {
    try {
      this.#space = this.#journal.space();
    } catch (error) {
      this.#fail(storeFailed(error));
      return;
    }
    this.#writtenBytes = 0;
    const { freeBytes, reserveBytes } = this.#space;
    this.#core.setStoreFull(freeBytes < reserveBytes);
  }
}
