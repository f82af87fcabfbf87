import { SimHeartbeat } from './sim-heartbeat.ts';
import { SimProcess } from './sim-process.ts';
import { WorkerLife, type WorkerOptions } from './worker-life.ts';

/** How long a supervisor waits before it starts a worker again. */
const SUPERVISOR_MS = 300;

/** A worker of the world. It has many lives, one after another. */
export class WorkerProcess {
  readonly breaches: string[] = [];
  readonly #options: WorkerOptions;
  #lives = 0;
  #runs = 0;
  #process: SimProcess | undefined;
  #heartbeat: SimHeartbeat | undefined;
  #life: WorkerLife | undefined;
  #isLeaving = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get process(): SimProcess | undefined {
    return this.#process;
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  start(): void {
    const { host, name, world } = this.#options;
    if (this.#process !== undefined) {
      return;
    }
    this.#lives += 1;
    const process = new SimProcess(world, `${name}.${this.#lives}`, host);
    this.#process = process;
    const heartbeat = this.#newHeartbeat(process);
    this.#heartbeat = heartbeat;
    world.plan(0, process, () => {
      const life = new WorkerLife(this.#options, process, heartbeat, {
        newRun: () => {
          this.#runs += 1;
          return `${name}#${this.#runs}`;
        },
        breach: (breach) => this.breaches.push(breach),
        ended: (why) => this.#ended(process, why),
        killed: () => this.#killed(process, 'poison'),
        blocked: (forMs) => this.#block(process, forMs),
      });
      this.#life = life;
      void life.start();
    });
  }

  #newHeartbeat(process: SimProcess): SimHeartbeat | undefined {
    const { heartbeatThread } = this.#options.plan;
    return heartbeatThread === 'none'
      ? undefined
      : new SimHeartbeat({
          ...this.#options,
          main: process,
          isWatchful: heartbeatThread === 'watchful',
          killed: () => this.#killed(process, 'watchdog'),
        });
  }

  crash(vanished: boolean): void {
    const process = this.#process;
    if (process !== undefined) {
      const { network, world } = this.#options;
      world.recorder.record({ kind: 'loop', worker: process.name, is: 'dead' });
      process.die();
      this.#process = undefined;
      this.#life = undefined;
      this.#isLeaving = false;
      const heartbeat = this.#heartbeat?.process;
      heartbeat?.die();
      if (heartbeat !== undefined) {
        network.processDied(heartbeat, vanished);
      }
      network.processDied(process, vanished);
    }
  }

  /** Pauses the main loop or, with `isWhole`, the heartbeat thread, too. @returns a function that resumes them */
  pause(isWhole: boolean): () => void {
    const stopped = [this.#process, isWhole ? this.#heartbeat?.process : undefined].filter(
      (one) => one !== undefined,
    );
    for (const one of stopped) {
      one.pause();
    }
    return () => {
      for (const one of stopped.filter(({ isPaused }) => isPaused)) {
        one.resume();
      }
    };
  }

  /** Drains and ends the worker, as SIGTERM does; a new one starts. */
  stop(): void {
    const [life, process] = [this.#life, this.#process];
    const { world } = this.#options;
    if (life !== undefined && process !== undefined && !this.#isLeaving) {
      this.#isLeaving = true;
      world.recorder.record({ kind: 'loop', worker: process.name, is: 'told to stop' });
      const leave = async (): Promise<void> => {
        await life.drain();
        world.plan(0, undefined, () => {
          if (this.#process === process) {
            this.crash(false);
            this.start();
          }
        });
      };
      world.plan(0, process, () => void leave());
      this.#heartbeat?.signalled();
    }
  }

  /** A task blocks the event loop of the process. */
  #block(process: SimProcess, forMs: number): Promise<void> {
    const { world } = this.#options;
    const tell = (is: 'blocked' | 'running'): void =>
      world.recorder.record({ kind: 'loop', worker: process.name, is });
    tell('blocked');
    process.pause('blocked');
    return new Promise((resolve) => {
      world.plan(forMs, undefined, () => {
        if (process.isAlive) {
          tell('running');
          process.resume('blocked');
          // The handler goes on before the event loop takes up what was held.
          world.plan(0, process, resolve, 'block');
        }
      });
    });
  }

  /** A task or the watchdog ended the process; a supervisor starts it again. */
  #killed(process: SimProcess, by: 'poison' | 'watchdog'): void {
    const { name, world } = this.#options;
    world.plan(0, undefined, () => {
      if (this.#process === process) {
        if (by === 'watchdog') {
          world.recorder.record({
            kind: 'loop',
            worker: process.name,
            is: 'ended by its watchdog',
          });
        }
        world.recorder.record({ kind: 'fault', fault: by, target: name, on: true });
        this.crash(false);
        world.plan(SUPERVISOR_MS, undefined, () => this.start());
      }
    });
  }

  /** A link never gives up unless somebody closes it, since its key is right. */
  #ended(process: SimProcess, why: string): void {
    if (this.#process === process && !this.#isLeaving) {
      this.breaches.push(`${process.name} gave up: ${why}`);
    }
  }
}
