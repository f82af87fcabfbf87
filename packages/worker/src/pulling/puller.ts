import {
  type Clock,
  type Link,
  limits,
  type MessageNamed,
  type TaskError,
  type Token,
  TurnoverMap,
  tokenKey,
} from '@millrace/protocol';
import type { Assignment } from '../attempt/runner.ts';
import type { AttemptResult, Execution, FailedAttempt } from '../execution/execution.ts';
import type { Executor } from '../execution/executor.ts';
import type { ExecutorPool } from '../execution/pools.ts';
import { tuning } from '../tuning.ts';
import type { Reporter } from './reporter.ts';

type GrantedTask = MessageNamed<'grant'>['tasks'][number];

/** An attempt that is under way. */
interface Running {
  readonly assignment: Assignment;
  readonly execution: Execution;
  /** Whether the lease is lost, so that the end of the attempt is not reported. */
  isFenced: boolean;
  /** When its deadline ends, on the monotonic clock; infinite without one. */
  readonly endsAtMs: number;
}

/** A slot whose attempt goes on although it was to be killed. */
export interface LostSlot {
  readonly pool: ExecutorPool;
  readonly assignment: Assignment;
  /** On the monotonic clock. */
  readonly lostAtMs: number;
}

/** Hears which handlers are called, because the next one may block the event loop for ever. */
export interface LoopWatch {
  /** A handler is about to be called. */
  enters(assignment: Assignment, isInline: boolean): void;
  /** The call has returned, a promise perhaps. */
  leaves(): void;
}

export interface PullerEvents {
  /** An attempt failed or timed out; called before it is reported. */
  failed(assignment: Assignment, result: FailedAttempt): void;
  /** A slot is lost; `lost` slots of its pool now are. */
  lost(slot: LostSlot, lost: number): void;
  /** The attempt of a lost slot has ended after all. */
  regained(slot: LostSlot, lost: number): void;
}

/** Credit of one pool, as the running totals that CREDIT carries. */
interface PoolCredit {
  readonly pool: ExecutorPool;
  /** The slots of the pool, plus one for each attempt that has ended. */
  given: number;
  received: number;
  readonly lost: Map<string, LostSlot>;
}

/**
 * Pulls a task for each free slot, runs the tasks, and hands the results to the
 * reporter. The end of an attempt frees its slot, and credit is given for it.
 */
export class Puller {
  readonly #link: Link;
  readonly #executor: Executor;
  readonly #reporter: Reporter;
  readonly #clock: Clock;
  readonly #events: Partial<PullerEvents>;
  readonly #watch: LoopWatch | undefined;
  readonly #credits: readonly PoolCredit[];
  readonly #running = new TurnoverMap<string, Running>();
  /** Tokens of aborts that found no attempt: the grant is still arriving in parts, or the attempt is over. */
  readonly #earlyAborts = new Set<string>();
  readonly #unannounced = new Set<PoolCredit>();
  #isDraining = false;
  #idle: (() => void)[] = [];

  constructor(
    link: Link,
    executor: Executor,
    reporter: Reporter,
    clock: Clock,
    events: Partial<PullerEvents> = {},
    watch?: LoopWatch,
  ) {
    this.#events = events;
    this.#watch = watch;
    this.#link = link;
    this.#executor = executor;
    this.#reporter = reporter;
    this.#clock = clock;
    this.#credits = executor.pools.map((pool) => ({
      pool,
      given: pool.slots,
      received: 0,
      lost: new Map<string, LostSlot>(),
    }));
  }

  /** Tokens of running attempts. */
  get tokens(): Token[] {
    return [...this.#running.values()].map(({ assignment }) => assignment.token);
  }

  get busySlots(): number {
    return this.#running.size + this.lostSlots.length;
  }

  /** Time until the last deadline among running attempts; -Infinity without any. */
  get lastEndInMs(): number {
    let lastMs = Number.NEGATIVE_INFINITY;
    for (const { endsAtMs } of this.#running.values()) {
      lastMs = Math.max(lastMs, endsAtMs);
    }
    return lastMs - this.#clock.monotonicMs();
  }

  /** The slots that are lost, those of the first pool first. */
  get lostSlots(): LostSlot[] {
    return this.#credits.flatMap(({ lost }) => [...lost.values()]);
  }

  /** Declares every pool and gives its credit; called when a session is opened or resumed. */
  announceAll(): void {
    if (this.#isDraining) {
      return;
    }
    for (const credit of this.#credits) {
      const { handles, id } = credit.pool;
      this.#link.send({
        verb: 'declarePool',
        pool: id,
        handles,
        isolates: this.#executor.isolates,
      });
      this.#announce(credit);
    }
  }

  take(message: MessageNamed<'grant'>): void {
    const credit = this.#credits[message.pool];
    for (const task of message.tasks) {
      if (credit === undefined || this.#isDraining) {
        this.#reporter.report(tokenOf(task), { kind: 'released' });
      } else {
        credit.received += 1;
        this.#start(credit, task);
      }
    }
  }

  abort({ reason, token }: MessageNamed<'abort'>): void {
    const running = this.#running.get(tokenKey(token));
    if (running !== undefined) {
      running.isFenced ||= reason === 'fenced';
      running.execution.abort('cancelled');
    } else {
      this.#noteEarly(tokenKey(token));
    }
  }

  /**
   * Aborts the attempts of leases that are lost; their results are not reported.
   * Returns the tokens that had a running attempt.
   */
  lose(tokens: readonly Token[]): Token[] {
    const lost: Token[] = [];
    for (const token of tokens) {
      const running = this.#running.get(tokenKey(token));
      if (running !== undefined) {
        lost.push(token);
        running.isFenced = true;
        running.execution.abort('cancelled');
      }
    }
    return lost;
  }

  /**
   * Fails an attempt by an error that nothing caught. Returns false if the attempt
   * had ended, and its report had left, before that.
   */
  fail(assignment: Assignment, error: TaskError): boolean {
    const running = this.#running.get(tokenKey(assignment.token));
    if (running !== undefined) {
      running.execution.fail(error);
      return true;
    }
    const result = { kind: 'failed', error } as const;
    const isAmended = this.#reporter.amend(assignment.token, result);
    if (isAmended) {
      this.#events.failed?.(assignment, result);
    }
    return isAmended;
  }

  /** Takes no new task; grants that still arrive are released at once. */
  drain(): void {
    this.#isDraining = true;
    for (const { pool } of this.#credits) {
      this.#link.send({ verb: 'declarePool', pool: pool.id, handles: [], isolates: undefined });
    }
  }

  /** Aborts every running attempt, and kills it `graceMs` later. */
  abortAll(graceMs: number): void {
    for (const { execution } of this.#running.values()) {
      execution.abort('drain', graceMs);
    }
  }

  /** Resolves when no attempt is running, except those whose slots are lost. */
  idle(): Promise<void> {
    return this.#running.size === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Drops the oldest abort when full: its attempt is most likely over. */
  #noteEarly(key: string): void {
    const [oldest] = this.#earlyAborts;
    if (oldest !== undefined && this.#earlyAborts.size >= tuning.earlyAbortsMax) {
      this.#earlyAborts.delete(oldest);
    }
    this.#earlyAborts.add(key);
  }

  #start(credit: PoolCredit, task: GrantedTask): void {
    const { payloadMaxBytes } = this.#link.limits ?? limits;
    const assignment = assignmentOf(credit.pool, task, payloadMaxBytes);
    if (this.#earlyAborts.size > 0 && this.#earlyAborts.delete(tokenKey(assignment.token))) {
      this.#end(credit, assignment, { kind: 'cancelled' });
      return;
    }
    this.#watch?.enters(assignment, credit.pool.kind === 'inline');
    const execution = this.#executor.run(credit.pool.id, assignment);
    this.#watch?.leaves();
    const { finished } = execution;
    if (finished instanceof Promise) {
      const endsAtMs =
        task.deadlineMs === null
          ? Number.POSITIVE_INFINITY
          : this.#clock.monotonicMs() + task.deadlineMs;
      void this.#await(credit, { assignment, execution, isFenced: false, endsAtMs }, finished);
    } else {
      this.#end(credit, assignment, finished);
    }
  }

  /** `finished` never rejects, and so this promise never does. */
  async #await(
    credit: PoolCredit,
    running: Running,
    finished: Promise<AttemptResult>,
  ): Promise<void> {
    const { assignment, execution } = running;
    const key = tokenKey(assignment.token);
    this.#running.set(key, running);
    const result = await finished;
    this.#running.delete(key);
    if (!running.isFenced) {
      this.#report(credit, assignment, result);
    }
    const { occupied } = execution;
    if (occupied !== undefined) {
      await this.#lose(credit, key, assignment, occupied);
    }
    this.#free(credit);
  }

  /** Keeps the slot of an attempt that goes on, until it ends. */
  async #lose(
    { lost, pool }: PoolCredit,
    key: string,
    assignment: Assignment,
    occupied: Promise<unknown>,
  ): Promise<void> {
    const slot = { pool, assignment, lostAtMs: this.#clock.monotonicMs() };
    lost.set(key, slot);
    this.#events.lost?.(slot, lost.size);
    this.#checkIdle();
    await occupied;
    lost.delete(key);
    this.#events.regained?.(slot, lost.size);
  }

  #end(credit: PoolCredit, assignment: Assignment, result: AttemptResult): void {
    this.#report(credit, assignment, result);
    this.#free(credit);
  }

  #report({ pool }: PoolCredit, assignment: Assignment, result: AttemptResult): void {
    if (result.kind === 'failed' || result.kind === 'timed-out') {
      this.#events.failed?.(assignment, result);
    }
    this.#reporter.report(assignment.token, result, this.#runnerIn(pool, assignment, result));
  }

  /** Where an attempt ran. A task that succeeds in its first grant has no history. */
  #runnerIn(
    { kind }: ExecutorPool,
    { losses, token }: Assignment,
    result: AttemptResult,
  ): string | undefined {
    if (result.kind === 'succeeded' && token.grant === 1) {
      return undefined;
    }
    return losses > 0 && this.#executor.isolates ? 'process' : kind;
  }

  #free(credit: PoolCredit): void {
    credit.given += 1;
    if (this.#unannounced.size === 0) {
      this.#clock.endOfTurn(() => this.#announceFreed());
    }
    this.#unannounced.add(credit);
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.#running.size === 0) {
      for (const resolve of this.#idle.splice(0)) {
        resolve();
      }
    }
  }

  #announceFreed(): void {
    for (const credit of this.#unannounced) {
      this.#announce(credit);
    }
    this.#unannounced.clear();
  }

  #announce({ given, pool, received }: PoolCredit): void {
    if (!this.#isDraining) {
      this.#link.send({ verb: 'credit', pool: pool.id, given, received });
    }
  }
}

const tokenOf = ({ epoch, grant, taskId }: GrantedTask): Token => ({ taskId, epoch, grant });

const assignmentOf = (
  pool: ExecutorPool,
  task: GrantedTask,
  resultMaxBytes: number,
): Assignment => {
  const handle = pool.handles[task.handle];
  return {
    token: tokenOf(task),
    queue: handle?.queue ?? '',
    name: handle?.name ?? '',
    ...(handle?.version === undefined ? {} : { version: handle.version }),
    payload: task.payload,
    attempt: task.attempt,
    losses: task.losses ?? 0,
    deadlineMs: task.deadlineMs,
    resultMaxBytes,
  };
};
