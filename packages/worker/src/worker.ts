import { randomBytes as systemRandomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import {
  type AuthKey,
  type Clock,
  checkOptions,
  checkPeerName,
  DEFAULT_KEY_ID,
  type Dial,
  dialWebSocket,
  Link,
  limits,
  type Message,
  MillraceError,
  managerUrl,
  type PeerReport,
  type RandomBytes,
  type SessionMessage,
  secretBytes,
  systemClock,
  type Token,
} from '@millrace/protocol';
import { uncaughtError } from './attempt/task-error.ts';
import { catchUncaught, type Uncaught } from './attempt/uncaught.ts';
import type { StopStep } from './execution/execution.ts';
import { createExecutor, type Executor, type ExecutorOptions } from './execution/executor.ts';
import { HeartbeatThread } from './heartbeat/heartbeat-thread.ts';
import { residentBytes } from './heartbeat/resident-bytes.ts';
import { type LostSlot, Puller, type PullerEvents } from './pulling/puller.ts';
import { Reporter, type SettleAnswer } from './pulling/reporter.ts';
import { tuning } from './tuning.ts';
import { attemptFacts, lostSlotFacts, type WorkerEvent } from './worker-event.ts';

export interface WorkerOptions extends ExecutorOptions {
  /** `ws://host:port` of the manager. */
  readonly url: string;
  readonly authkey: string | Uint8Array;
  /** Name of this worker in `status`. Default: host and process id. */
  readonly name?: string;
  /** Longest time that `stop` takes, in ms. Default 25 s. */
  readonly drainMs?: number;
  /** Called for each event that is worth a log line. */
  readonly onEvent?: (event: WorkerEvent) => void;
  /**
   * Catches rejections and errors of this process that nothing else catches. Those of
   * an inline attempt fail that attempt; any other drains and ends the worker. Default
   * false: Node then ends the process.
   */
  readonly catchUncaught?: boolean;
  /**
   * Drains and ends the worker with WORKER_STUCK when every slot of a pool is lost to
   * attempts that cannot be ended. Default false.
   */
  readonly restartWhenStuck?: boolean;
  readonly randomBytes?: RandomBytes;
  readonly dial?: Dial;
}

const NS_PER_MS = 1_000_000;

const defaultName = (): string => `${hostname()}:${process.pid}`;

const checkTimes = ({ drainMs = 0, killGraceMs = 0 }: WorkerOptions): void => {
  if (typeof drainMs !== 'number' || !(drainMs >= 0)) {
    throw new MillraceError('BAD_OPTION', `drainMs must be a number of at least 0, not ${drainMs}`);
  }
  const isInBounds = killGraceMs >= 0 && killGraceMs <= limits.killGraceMs;
  if (typeof killGraceMs !== 'number' || !isInBounds) {
    throw new MillraceError(
      'BAD_OPTION',
      `killGraceMs must be a number from 0 to ${limits.killGraceMs}, not ${killGraceMs}: the manager gives an attempt up soon after ${limits.killGraceMs} ms`,
    );
  }
};

const eventsOf = ({ assignment, reason, step }: StopStep): WorkerEvent[] => {
  const { deadlineMs } = assignment;
  if (step === 'kill') {
    return [{ kind: 'attempt-killed', ...attemptFacts(assignment), reason }];
  }
  return deadlineMs === null
    ? []
    : [{ kind: 'deadline-passed', ...attemptFacts(assignment), deadlineMs }];
};

/**
 * Runs handlers for a manager: pulls tasks, runs them, reports how they ended, and
 * reconnects by itself.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #clock: Clock;
  readonly #key: AuthKey;
  readonly #executor: Executor;
  readonly #link: Link;
  readonly #reporter: Reporter;
  readonly #puller: Puller;
  readonly #heartbeat: HeartbeatThread | undefined;
  readonly #lag: IntervalHistogram;
  readonly #stopCatching: () => void;
  /** Why the worker ends by itself. */
  #fault: MillraceError | undefined;
  #isStopped = false;
  #stopping: Promise<void> | undefined;
  #end: (error: MillraceError) => void = () => {};
  /**
   * Resolves when the worker has ended: with CLIENT_CLOSED after a stop, with
   * WORKER_STUCK, UNHANDLED_REJECTION or UNCAUGHT_EXCEPTION when it drained itself,
   * otherwise with the error that no reconnection can mend.
   */
  readonly ended: Promise<MillraceError> = new Promise((resolve) => {
    this.#end = resolve;
  });

  private constructor(options: WorkerOptions, executor: Executor) {
    const { authkey, clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#executor = executor;
    this.#lag = monitorEventLoopDelay({ resolution: tuning.lagResolutionMs });
    this.#lag.enable();
    this.#key = { keyId: DEFAULT_KEY_ID, secret: secretBytes(authkey) };
    this.#link = this.#newLink();
    const hasInline = executor.pools.some((pool) => pool.kind === 'inline');
    this.#heartbeat = hasInline ? this.#newHeartbeat() : undefined;
    this.#reporter = new Reporter(this.#link, clock, (token, answer) =>
      this.#answered(token, answer),
    );
    const events: PullerEvents = {
      failed: (assignment, { error }) =>
        this.#tell({ kind: 'attempt-failed', ...attemptFacts(assignment), error }),
      lost: (slot, lost) => this.#lost(slot, lost),
      regained: (slot, lost) => this.#tell({ kind: 'slot-regained', ...lostSlotFacts(slot, lost) }),
    };
    this.#puller = new Puller(this.#link, executor, this.#reporter, clock, events, this.#heartbeat);
    this.#stopCatching =
      options.catchUncaught === true ? catchUncaught((it) => this.#uncaught(it)) : () => {};
    this.#heartbeat?.beat(() => this.#puller.lastEndInMs);
  }

  /**
   * Loads the handlers and connects. Keeps trying as long as no manager answers.
   *
   * @throws BAD_OPTION for name, URL, key, drainMs or killGraceMs, before anything is started
   * @throws HANDLER_INVALID, HANDLER_NOT_IMPORTABLE, RUNNER_DIED, AUTH_FAILED, UNSUPPORTED_VERSION
   */
  static async start(options: WorkerOptions): Promise<Worker> {
    checkOptions(options, 'a worker');
    const { authkey, name = defaultName(), url } = options;
    checkPeerName(name);
    managerUrl(url);
    secretBytes(authkey);
    checkTimes(options);
    const executor = await createExecutor(options, (step) => {
      for (const event of eventsOf(step)) {
        options.onEvent?.(event);
      }
    });
    const worker = new Worker(options, executor);
    try {
      await worker.#heartbeat?.ready;
      await worker.#link.start(true);
    } catch (error) {
      await worker.#close();
      throw error;
    }
    return worker;
  }

  /**
   * Drains and ends the worker within `drainMs`: takes no new task, lets running
   * attempts finish, aborts those that do not finish in time, and reports them all.
   * A task that did not finish returns to its queue, and no attempt is counted.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  /**
   * Whether `stop` is over and a thread is still blocked in a call that cannot be
   * interrupted. `process.exit` waits for such a thread; only SIGKILL ends the process.
   */
  get isStuck(): boolean {
    return this.#isStopped && this.#executor.liveThreads > 0;
  }

  /**
   * Takes no new task, waits for running attempts without a time limit, then stops.
   * Called when the manager sends DRAIN.
   */
  async finish(): Promise<void> {
    this.#puller.drain();
    await this.#puller.idle();
    await this.stop();
  }

  async #drain(): Promise<void> {
    const { drainMs = limits.drainMs } = this.#options;
    const reserveMs = Math.min(limits.drainReserveMs, drainMs / 4);
    const endsAtMs = this.#clock.monotonicMs() + drainMs;
    this.#heartbeat?.stopsIn(drainMs);
    this.#puller.drain();
    await this.#until(endsAtMs - 2 * reserveMs, this.#puller.idle());
    this.#puller.abortAll(reserveMs / 2);
    await this.#until(endsAtMs - reserveMs, this.#puller.idle());
    // A second kill does not wait for a process that masks SIGTERM.
    this.#puller.abortAll(0);
    await this.#until(endsAtMs - (3 / 4) * reserveMs, this.#puller.idle());
    await this.#until(endsAtMs - reserveMs / 2, this.#reporter.settled());
    const left = this.#link.close('the worker is drained');
    const closed = this.#close();
    await this.#until(endsAtMs - reserveMs / 4, left);
    await this.#until(endsAtMs - reserveMs / 8, closed);
    this.#isStopped = true;
  }

  async #close(): Promise<void> {
    this.#lag.disable();
    this.#stopCatching();
    await Promise.all([this.#executor.close(), this.#heartbeat?.close()]);
  }

  /** Waits for work until `endsAtMs` on the monotonic clock; false if the time comes first. */
  async #until(endsAtMs: number, work: Promise<void>): Promise<boolean> {
    let cancel = (): void => {};
    const time = new Promise<boolean>((resolve) => {
      cancel = this.#clock.after(endsAtMs - this.#clock.monotonicMs(), () => resolve(false));
    });
    const isDone = await Promise.race([work.then(() => true), time]);
    cancel();
    return isDone;
  }

  #newHeartbeat(): HeartbeatThread {
    const { drainMs = limits.drainMs, killGraceMs = limits.killGraceMs } = this.#options;
    return new HeartbeatThread({
      drainMs,
      killGraceMs,
      worker: this.#options.name ?? defaultName(),
      resumed: (blocked) => this.#tell({ kind: 'loop-blocked', ...blocked }),
    });
  }

  #newLink(): Link {
    const { name = defaultName(), url } = this.#options;
    return new Link(
      {
        url: managerUrl(url),
        key: this.#key,
        role: 'worker',
        peer: { name, host: hostname(), pid: process.pid },
        clock: this.#clock,
        randomBytes: this.#options.randomBytes ?? systemRandomBytes,
        dial: this.#options.dial ?? dialWebSocket,
        report: () => this.#report(),
      },
      {
        message: (message) => this.#message(message),
        unsettledTokens: () => [...this.#puller.tokens, ...this.#reporter.tokens],
        up: (session) => this.#up(session),
        down: (error) => this.#tell({ kind: 'disconnected', error }),
        ended: (error) => {
          if (this.#fault === undefined) {
            this.#end(error);
          }
        },
      },
    );
  }

  #up(session: SessionMessage): void {
    const { sessionId, epoch } = session;
    this.#tell({ kind: 'connected', sessionId, epoch });
    this.#heartbeat?.follow(managerUrl(this.#options.url), this.#key, session);
    for (const token of this.#puller.lose(session.lost)) {
      this.#tell({ kind: 'lease-lost', token });
    }
    this.#puller.announceAll();
  }

  #message(message: Message): void {
    if (message.verb === 'grant') {
      this.#puller.take(message);
    } else if (message.verb === 'abort') {
      this.#puller.abort(message);
    } else if (message.verb === 'drain') {
      this.#tell({ kind: 'drain-requested', reason: message.reason });
      void this.finish();
    }
  }

  #answered(token: Token, answer: SettleAnswer): void {
    if (answer === 'LEASE_LOST') {
      this.#tell({ kind: 'lease-lost', token });
    }
  }

  #tell(event: WorkerEvent): void {
    this.#options.onEvent?.(event);
  }

  #lost(slot: LostSlot, lost: number): void {
    this.#tell({ kind: 'slot-lost', ...lostSlotFacts(slot, lost) });
    const { kind, slots } = slot.pool;
    if (lost < slots) {
      return;
    }
    const error = new MillraceError(
      'WORKER_STUCK',
      `all ${slots} slots of a pool are lost to ${kind} attempts that cannot be ended`,
    );
    this.#tell({ kind: 'stuck', error });
    if (this.#options.restartWhenStuck === true) {
      this.#fail(error);
    }
  }

  /** An attempt's error is its own; an error of nobody may have broken anything. */
  #uncaught({ assignment, code, thrown }: Uncaught): void {
    const error = uncaughtError(code, thrown);
    if (assignment !== undefined && this.#puller.fail(assignment, error)) {
      return;
    }
    const task = assignment === undefined ? undefined : attemptFacts(assignment);
    this.#tell({ kind: 'uncaught', code, error, task });
    if (assignment === undefined) {
      this.#fail(new MillraceError(code, error.message, { cause: thrown }));
    }
  }

  /** Drains, then ends with a fault of the worker's own. Only the first one counts. */
  #fail(fault: MillraceError): void {
    if (this.#fault === undefined && this.#stopping === undefined) {
      this.#fault = fault;
      void this.stop().then(() => this.#end(fault));
    }
  }

  #report(): PeerReport {
    const loopLagMs = Math.max(0, this.#lag.max / NS_PER_MS - tuning.lagResolutionMs);
    this.#lag.reset();
    const lost = this.#puller.lostSlots;
    return {
      loopLagMs: Number.isFinite(loopLagMs) ? loopLagMs : 0,
      rssBytes: residentBytes(),
      slots: this.#executor.pools.reduce((sum, pool) => sum + pool.slots, 0),
      busySlots: this.#puller.busySlots,
      lostSlots: lost.length,
      lost: lost.slice(0, limits.lostSlotsShown).map((slot) => this.#shown(slot)),
      blocked: undefined,
    };
  }

  #shown({ assignment, lostAtMs, pool }: LostSlot): NonNullable<PeerReport['lost']>[number] {
    const { name, queue, token } = assignment;
    const lostForMs = Math.round(this.#clock.monotonicMs() - lostAtMs);
    return { pool: pool.id, taskId: token.taskId, queue, name, lostForMs };
  }
}
