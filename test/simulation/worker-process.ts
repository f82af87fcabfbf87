import { DEFAULT_KEY_ID, type SessionMessage } from '@millrace/protocol';
import { HeartbeatLink } from '@millrace/worker/internals';
import { MANAGER_URL, SECRET } from './manager-process.ts';
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
  #heartbeat: SimProcess | undefined;
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
    // The name seeds the random numbers of the process: another name would change all known seeds.
    this.#heartbeat = this.#options.plan.hasHeartbeatThread
      ? new SimProcess(world, `${process.name}.lane`, host)
      : undefined;
    world.plan(0, process, () => {
      const life = new WorkerLife(this.#options, process, {
        newRun: () => {
          this.#runs += 1;
          return `${name}#${this.#runs}`;
        },
        breach: (breach) => this.breaches.push(breach),
        ended: (why) => this.#ended(process, why),
        killed: () => this.#killed(process),
        up: this.#heartbeatFollower(process.name),
      });
      this.#life = life;
      void life.start();
    });
  }

  crash(vanished: boolean): void {
    const process = this.#process;
    if (process !== undefined) {
      this.#options.world.recorder.tell(() => `${process.name} dies`);
      process.die();
      this.#process = undefined;
      this.#life = undefined;
      this.#isLeaving = false;
      this.#heartbeat?.die();
      if (this.#heartbeat !== undefined) {
        this.#options.network.processDied(this.#heartbeat, vanished);
      }
      this.#options.network.processDied(process, vanished);
    }
  }

  /** Lets the heartbeat thread follow the session. A paused main loop does not stop that thread. */
  #heartbeatFollower(name: string): (session: SessionMessage) => void {
    const heartbeat = this.#heartbeat;
    const { network, world } = this.#options;
    if (heartbeat === undefined) {
      return () => {};
    }
    const { clock, randomBytes } = heartbeat;
    const link = new HeartbeatLink({ clock, randomBytes, dial: network.dialler(heartbeat) });
    return (session) => {
      const { graceMs, sessionId } = session;
      const ticket = Uint8Array.from(session.ticket);
      world.recorder.tell(() => `${name} has its heartbeat thread follow`);
      const target = {
        url: MANAGER_URL,
        keyId: DEFAULT_KEY_ID,
        secret: SECRET,
        sessionId,
        ticket,
        graceMs,
      };
      world.plan(0, heartbeat, () => link.follow(target));
    };
  }

  /** Pauses the main loop or, with `isWhole`, the heartbeat thread, too. @returns a function that resumes them */
  pause(isWhole: boolean): () => void {
    const stopped = [this.#process, isWhole ? this.#heartbeat : undefined].filter(
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
      world.recorder.tell(() => `${process.name} drains`);
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
    }
  }

  /** A task ended the process; a supervisor starts it again. */
  #killed(process: SimProcess): void {
    const { name, world } = this.#options;
    world.plan(0, undefined, () => {
      if (this.#process === process) {
        world.recorder.record({ kind: 'fault', fault: 'poison', target: name, on: true });
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
