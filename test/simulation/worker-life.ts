import {
  DEFAULT_KEY_ID,
  Link,
  limits,
  type Message,
  type MessageNamed,
  type SessionMessage,
  type Token,
} from '@millrace/protocol';
import { type HandlerBinding, handler } from '@millrace/worker';
import { createExecutor, type Executor, Puller, Reporter } from '@millrace/worker/internals';
import { MANAGER_URL, SECRET } from './manager-process.ts';
import { keyOfPayload } from './recording-engine.ts';
import type { SimHeartbeat } from './sim-heartbeat.ts';
import type { SimNetwork } from './sim-network.ts';
import type { SimHost, SimProcess } from './sim-process.ts';
import { isolated, poisonOf, runBehaviour, runOfBytes, type SimTask, withRun } from './work.ts';
import type { World } from './world.ts';

export interface WorkerPlan {
  readonly tasks: readonly SimTask[];
  readonly slots: number;
  /**
   * Whether a thread with an event loop of its own keeps the session alive, and whether it watches
   * the main loop. A watchdog costs eight steps a second, so it runs only where loops are blocked.
   */
  readonly heartbeatThread: 'none' | 'connected' | 'watchful';
  /** Whether it runs a task whose worker was lost before in a process of its own. */
  readonly isolates: boolean;
  /** The versions of its tasks that it takes; a probe has the first version alone. */
  readonly versions: readonly number[];
}

export interface WorkerOptions {
  readonly world: World;
  readonly network: SimNetwork;
  readonly host: SimHost;
  readonly name: string;
  readonly plan: WorkerPlan;
}

export interface WorkerEvents {
  newRun(): string;
  breach(breach: string): void;
  ended(why: string): void;
  /** A task ended the process. */
  killed(): void;
  /** A task blocks the event loop; resolves when it runs again. */
  blocked(forMs: number): Promise<void>;
}

/** One life of a worker: the parts that `worker.ts` connects, without its threads. */
export class WorkerLife {
  readonly #options: WorkerOptions;
  readonly #process: SimProcess;
  readonly #events: WorkerEvents;
  readonly #heartbeat: SimHeartbeat | undefined;
  readonly #link: Link;
  #reporter: Reporter | undefined;
  #puller: Puller | undefined;
  readonly #room = new Map<number, number>();

  constructor(
    options: WorkerOptions,
    process: SimProcess,
    heartbeat: SimHeartbeat | undefined,
    events: WorkerEvents,
  ) {
    this.#options = options;
    this.#process = process;
    this.#heartbeat = heartbeat;
    this.#events = events;
    const { clock, name, randomBytes } = process;
    this.#link = new Link(
      {
        url: MANAGER_URL,
        key: { keyId: DEFAULT_KEY_ID, secret: SECRET },
        role: 'worker',
        peer: { name, host: name, pid: 1 },
        clock,
        randomBytes,
        dial: options.network.dialler(process),
      },
      {
        message: (message) => this.#message(message),
        unsettledTokens: () => [...(this.#puller?.tokens ?? []), ...(this.#reporter?.tokens ?? [])],
        up: (session) => this.#up(session),
        down: (error) => this.#tell(`down: ${error.code}`),
        ended: (error) => events.ended(error.message),
      },
    );
  }

  async start(): Promise<void> {
    const { clock } = this.#process;
    const { slots, tasks, versions } = this.#options.plan;
    const host = { clock, block: (forMs: number) => this.#events.blocked(forMs) };
    const handlers: HandlerBinding[] = tasks.map((task) =>
      handler(task, (input, ctx) => runBehaviour(input, ctx, host), {
        concurrency: task.name === 'probe' ? 1 : slots,
        versions: task.name === 'probe' ? [1] : versions,
      }),
    );
    const executor = this.#recording(await createExecutor({ handlers, clock }));
    this.#reporter = new Reporter(this.#link, clock, (token, answer) => {
      this.#record('answered', token, { answer });
    });
    const puller = new Puller(
      this.#link,
      executor,
      this.#reporter,
      clock,
      {},
      this.#heartbeat?.pulse,
    );
    this.#puller = puller;
    this.#heartbeat?.beat(() => puller.lastEndInMs);
    await this.#link.start(true).catch(() => {});
  }

  /** Drains as `worker.ts` does. */
  async drain(): Promise<void> {
    const [puller, reporter] = [this.#puller, this.#reporter];
    this.#heartbeat?.pulse.stopsIn(limits.drainMs);
    if (puller !== undefined && reporter !== undefined) {
      puller.drain();
      await this.#within(puller.idle(), limits.drainMs - 2 * limits.drainReserveMs);
      puller.abortAll(limits.drainReserveMs / 2);
      await this.#within(puller.idle(), limits.drainReserveMs);
      await this.#within(reporter.settled(), limits.drainReserveMs / 2);
    }
    await this.#link.close('the worker is drained');
  }

  #within(something: Promise<void>, timeMs: number): Promise<void> {
    const { clock } = this.#process;
    const time = new Promise<void>((resolve) => void clock.after(timeMs, resolve));
    return Promise.race([something, time]);
  }

  #recording(executor: Executor): Executor {
    const { recorder } = this.#options.world;
    const { name } = this.#process;
    const { isolates } = this.#options.plan;
    return {
      ...executor,
      isolates,
      run: (poolId, assignment) => {
        this.#takeRoom(poolId, executor);
        const { epoch, grant, taskId } = assignment.token;
        const task = recorder.keyOf(taskId);
        const input = keyOfPayload(assignment.payload) ?? taskId;
        const run = this.#events.newRun();
        const about = { task, worker: name, run, token: { epoch, grant } };
        const { version = 1 } = assignment;
        recorder.record({ kind: 'start', ...about, input, version });
        const isIsolated = isolates && assignment.losses > 0;
        if (!isIsolated) {
          this.#dieOf(assignment.payload);
        }
        const payload = withRun(assignment.payload, run);
        const execution = executor.run(poolId, {
          ...assignment,
          payload: isIsolated ? isolated(payload) : payload,
        });
        void Promise.resolve(execution.finished).then((result) => {
          this.#room.set(poolId, (this.#room.get(poolId) ?? 0) - 1);
          const value = result.kind === 'succeeded' ? runOfBytes(result.result) : undefined;
          recorder.record({
            kind: 'end',
            ...about,
            how: result.kind,
            ...(value === undefined ? {} : { value }),
            ...('waitMs' in result && result.waitMs !== undefined ? { waitMs: result.waitMs } : {}),
          });
        });
        return execution;
      },
    };
  }

  /** A poisonous task ends the process, with all that runs in it, unless it has a process of its own. */
  #dieOf(payload: Uint8Array): void {
    const poison = poisonOf(payload);
    if (poison !== undefined) {
      this.#process.clock.after(poison.afterMs, () => this.#events.killed());
    }
  }

  #takeRoom(poolId: number, executor: Executor): void {
    const taken = (this.#room.get(poolId) ?? 0) + 1;
    this.#room.set(poolId, taken);
    const slots = executor.pools[poolId]?.slots ?? 0;
    if (taken > slots) {
      this.#events.breach(`${this.#process.name} was given ${taken} tasks for ${slots} slots`);
    }
  }

  #up(session: SessionMessage): void {
    this.#tell(`up under epoch ${session.epoch}, lost ${session.lost.length}`);
    this.#heartbeat?.follow(session);
    this.#puller?.lose(session.lost);
    this.#puller?.announceAll();
  }

  #message(message: Message): void {
    if (message.verb === 'grant') {
      this.#puller?.take(message);
    } else if (message.verb === 'abort') {
      this.#puller?.abort(message satisfies MessageNamed<'abort'>);
    }
  }

  #record(kind: 'answered', token: Token, { answer }: { answer: string }): void {
    const { recorder } = this.#options.world;
    const { epoch, grant, taskId } = token;
    const task = recorder.keyOf(taskId);
    recorder.record({ kind, task, worker: this.#process.name, token: { epoch, grant }, answer });
  }

  #tell(what: string): void {
    this.#options.world.recorder.tell(() => `${this.#process.name} ${what}`);
  }
}
