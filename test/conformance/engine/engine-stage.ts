import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AttemptReport,
  diskJournal,
  type Engine,
  type EngineEvents,
  type EnqueueAnswer,
  type Finished,
  type Grant,
  type Handle,
  Handles,
  type Journal,
  makeEngine,
  memoryJournal,
  type QueueSpec,
  type SettleAnswer,
} from '@millrace/manager/internals';
import {
  ITEM_NAME,
  type NewTask,
  systemClock,
  type TaskError,
  type Token,
} from '@millrace/protocol';
import { GatedJournal } from '../../support/gated-journal.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** Changes that no caller awaits are flushed within this time. */
export const UNAWAITED_WRITTEN_MS = 10;

export const engineKinds = ['memory', 'lmdb'] as const;
export type EngineKind = (typeof engineKinds)[number];

export const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
export const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();

export const task = (taskId: string, options: Partial<NewTask> = {}): NewTask => ({
  taskId,
  queue: 'q',
  name: 'work',
  payload: bytes(`payload of ${taskId}`),
  priority: 0,
  delayMs: 0,
  deadlineMs: null,
  attempts: 5,
  expiresInMs: undefined,
  ...options,
});

export const item = (taskId: string, options: Partial<NewTask> = {}): NewTask =>
  task(taskId, { name: ITEM_NAME, ...options });

export const failure = (message: string, retry = true): TaskError => ({
  name: 'Error',
  message,
  stack: '',
  retry,
});

export const idsOf = (grants: readonly Token[]): string[] => grants.map(({ taskId }) => taskId);

/** A grant, with its token as a separate value. */
export interface Dealt extends Grant {
  readonly token: Token;
}

const dealt = (given: Grant): Dealt => {
  const { epoch, grant, taskId } = given;
  return { ...given, token: { taskId, epoch, grant } };
};

export const queueSpec = (name: string, options: Partial<QueueSpec> = {}): QueueSpec => ({
  name,
  maxItems: 1_000_000,
  maxBytes: 1_000_000_000,
  order: 'fifo',
  ...options,
});

/** Records the events of an engine, in order. */
class Told implements EngineEvents {
  readonly readyCounts = new Map<string, number>();
  readonly outcomes: Finished[] = [];
  readonly aborts: string[] = [];
  readonly rooms: string[] = [];
  readonly failures: Error[] = [];

  readonly ready: EngineEvents['ready'] = (laneKey, count) => {
    const lane = laneKey.replace('\0', '/');
    this.readyCounts.set(lane, (this.readyCounts.get(lane) ?? 0) + count);
  };

  readonly finished: EngineEvents['finished'] = (tasks) => void this.outcomes.push(...tasks);

  readonly abort: EngineEvents['abort'] = (sessionId, { taskId, grant }, reason) =>
    void this.aborts.push(`${sessionId} ${taskId} ${grant} ${reason}`);

  readonly room: EngineEvents['room'] = (queue) => void this.rooms.push(queue);

  readonly failed: EngineEvents['failed'] = (error) => void this.failures.push(error);
}

export interface StageOptions {
  readonly payloadMaxBytes?: number;
  readonly retainMaxBytes?: number;
  readonly queues?: readonly QueueSpec[];
}

const work: readonly Handle[] = [{ queue: 'q', name: 'work' }];

/** Longest time that a test advances timer by timer: with timers of a second, a day takes seconds of CPU. */
const STEPPED_MAX_MS = 3_600_000;

/** One engine on one journal, with a clock that the test advances. */
export class EngineStage {
  clock = new ManualClock();
  told = new Told();
  readonly #kind: EngineKind;
  readonly #options: StageOptions;
  readonly #directory: string | undefined;
  #base: Journal | undefined;
  #gate: GatedJournal | undefined;
  #engine: Engine | undefined;

  private constructor(kind: EngineKind, options: StageOptions, directory: string | undefined) {
    this.#kind = kind;
    this.#options = options;
    this.#directory = directory;
  }

  static async open(kind: EngineKind, options: StageOptions = {}): Promise<EngineStage> {
    const directory =
      kind === 'lmdb' ? await mkdtemp(join(tmpdir(), 'millrace-engine-')) : undefined;
    const stage = new EngineStage(kind, options, directory);
    await stage.#start();
    return stage;
  }

  get engine(): Engine {
    if (this.#engine === undefined) {
      throw new Error('the stage has no engine');
    }
    return this.#engine;
  }

  get journal(): GatedJournal {
    if (this.#gate === undefined) {
      throw new Error('the stage has no journal');
    }
    return this.#gate;
  }

  async #start(): Promise<void> {
    this.#base ??=
      this.#directory === undefined
        ? memoryJournal()
        : await diskJournal(this.#directory, systemClock);
    this.told = new Told();
    this.#gate = new GatedJournal(this.#base);
    this.#engine = makeEngine({
      software: 'a test',
      journal: this.#gate,
      clock: this.clock,
      randomBytes: (length) => new Uint8Array(length).fill(7),
      payloadMaxBytes: this.#options.payloadMaxBytes ?? 1_048_576,
      retainMaxBytes: this.#options.retainMaxBytes ?? 1_000_000_000,
      restartGraceMs: 15_000,
    });
    for (const spec of this.#options.queues ?? [queueSpec('q')]) {
      this.#engine.declareQueue(spec);
    }
    await this.#engine.start(this.told);
  }

  /** The process dies, and uncommitted changes are lost. Another engine starts on the same journal. */
  async crash(): Promise<void> {
    this.clock = this.clock.succeed();
    await this.#start();
  }

  /** Stops the engine in the orderly way, and starts another on the same data. */
  async reopen(): Promise<void> {
    await this.engine.close();
    this.clock = this.clock.succeed();
    if (this.#kind === 'lmdb') {
      this.#base = undefined;
    }
    await this.#start();
  }

  async end(): Promise<void> {
    this.clock.succeed();
    this.#gate?.release();
    await this.#base?.close();
    if (this.#directory !== undefined) {
      await rm(this.#directory, { recursive: true });
    }
  }

  /** Resolves when all changes so far are durable and their events are delivered. */
  async flushed(): Promise<void> {
    // Settle is a verb that writes, so its flush includes pending grants.
    await this.settleAll('nobody', []);
  }

  /**
   * Advances the time timer by timer, and flushes after each. The machine sleeps through a
   * longer time except its last hour, so that timers of the sleep run late.
   */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + byMs;
    await this.flushed();
    this.clock.moveTo(untilMs - STEPPED_MAX_MS);
    while (this.clock.runNext(untilMs)) {
      await this.flushed();
    }
    this.clock.moveTo(untilMs);
  }

  /** Opens sessions. */
  sessions(...sessionIds: readonly string[]): void {
    for (const sessionId of sessionIds) {
      this.engine.openSession({ sessionId, name: sessionId });
    }
  }

  /** Enqueues all tasks in one request. */
  async enqueue(...tasks: readonly NewTask[]): Promise<EnqueueAnswer | undefined> {
    const [answer] = await this.engine.enqueue([tasks]);
    return answer;
  }

  async claim(
    sessionId: string,
    max = 1,
    handles: readonly Handle[] = work,
    isolates = false,
  ): Promise<readonly Dealt[]> {
    const request = {
      sessionId,
      handles: new Handles(handles),
      max,
      maxBytes: 1_000_000_000,
      isolates,
    };
    const [grants = []] = this.engine.claim([request]);
    return grants.map(dealt);
  }

  /** Claims one task. @throws when no task can be claimed */
  async claimOne(sessionId: string, handles: readonly Handle[] = work): Promise<Dealt> {
    const [grant] = await this.claim(sessionId, 1, handles);
    if (grant === undefined) {
      throw new Error('no task can be claimed');
    }
    return grant;
  }

  async settle(
    sessionId: string,
    { token }: { readonly token: Token },
    kind: AttemptReport['kind'],
    end: Partial<Pick<AttemptReport, 'result' | 'error' | 'waitMs' | 'runner'>> = {},
  ): Promise<SettleAnswer | undefined> {
    const report = { ...token, kind, result: undefined, error: undefined, ...end };
    const [answer] = await this.settleAll(sessionId, [report]);
    return answer;
  }

  /** Settles reports and flushes at once, as for a worker that awaits the answers. */
  settleAll(sessionId: string, reports: readonly AttemptReport[]): Promise<SettleAnswer[]> {
    const answers = this.engine.settle({ sessionId, reports });
    this.engine.hurry();
    return answers;
  }

  async cancel(taskId: string): Promise<unknown> {
    const [answer] = await this.engine.cancel([{ taskId, reason: 'no longer wanted' }]);
    return answer;
  }

  async outcome(taskId: string): Promise<unknown> {
    const [answer] = await this.engine.outcomes([taskId]);
    return answer;
  }

  /** The state of a task, or UNKNOWN_TASK. */
  async state(taskId: string): Promise<string> {
    const info = await this.engine.inspect(taskId);
    return typeof info === 'string' ? info : info.state;
  }

  /** Sentences on where memory and journal disagree. */
  async audit(): Promise<readonly string[]> {
    await this.flushed();
    return this.engine.audit();
  }
}
