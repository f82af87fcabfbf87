import {
  type Clock,
  type Link,
  limits,
  type MessageNamed,
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
}

/** Credit of one pool, as the running totals that CREDIT carries. */
interface PoolCredit {
  readonly pool: ExecutorPool;
  /** The slots of the pool, plus one for each attempt that has ended. */
  given: number;
  received: number;
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
  readonly #failed: (assignment: Assignment, result: FailedAttempt) => void;
  readonly #credits: readonly PoolCredit[];
  readonly #running = new TurnoverMap<string, Running>();
  /** Tokens of aborts that found no attempt: the grant is still arriving in parts, or the attempt is over. */
  readonly #earlyAborts = new Set<string>();
  readonly #unannounced = new Set<PoolCredit>();
  #isDraining = false;
  #idle: (() => void)[] = [];

  /** @param failed called for each attempt that failed or timed out, before it is reported */
  constructor(
    link: Link,
    executor: Executor,
    reporter: Reporter,
    clock: Clock,
    failed: (assignment: Assignment, result: FailedAttempt) => void = () => {},
  ) {
    this.#failed = failed;
    this.#link = link;
    this.#executor = executor;
    this.#reporter = reporter;
    this.#clock = clock;
    this.#credits = executor.pools.map((pool) => ({ pool, given: pool.slots, received: 0 }));
  }

  /** Tokens of running attempts. */
  get tokens(): Token[] {
    return [...this.#running.values()].map(({ assignment }) => assignment.token);
  }

  get busySlots(): number {
    return this.#running.size;
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

  /** Resolves when no attempt is running. */
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
    const execution = this.#executor.run(credit.pool.id, assignment);
    const { finished } = execution;
    if (finished instanceof Promise) {
      void this.#await(credit, { assignment, execution, isFenced: false }, finished);
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
    const key = tokenKey(running.assignment.token);
    this.#running.set(key, running);
    const result = await finished;
    this.#running.delete(key);
    if (running.isFenced) {
      this.#free(credit);
    } else {
      this.#end(credit, running.assignment, result);
    }
  }

  #end(credit: PoolCredit, assignment: Assignment, result: AttemptResult): void {
    if (result.kind === 'failed' || result.kind === 'timed-out') {
      this.#failed(assignment, result);
    }
    this.#reporter.report(assignment.token, result);
    this.#free(credit);
  }

  #free(credit: PoolCredit): void {
    credit.given += 1;
    if (this.#unannounced.size === 0) {
      this.#clock.endOfTurn(() => this.#announceFreed());
    }
    this.#unannounced.add(credit);
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
    payload: task.payload,
    attempt: task.attempt,
    losses: task.losses ?? 0,
    deadlineMs: task.deadlineMs,
    resultMaxBytes,
  };
};
