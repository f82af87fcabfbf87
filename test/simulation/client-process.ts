import { Client } from '@millrace/client';
import { MANAGER_URL, SECRET } from './manager-process.ts';
import type { SimNetwork } from './sim-network.ts';
import { type SimHost, SimProcess } from './sim-process.ts';
import type { World } from './world.ts';

export interface ClientOptions {
  readonly world: World;
  readonly network: SimNetwork;
  readonly host: SimHost;
  readonly name: string;
}

/** The time after which a client that found no manager tries again. */
const RETRY_MS = 300;

/** One life of a client, connected. */
export interface LiveClient {
  readonly process: SimProcess;
  readonly client: Client;
  /** True once the client closes: orders that are then unanswered are no failure. */
  isLeaving: boolean;
}

/** A program that uses the client SDK. It has many lives, one after another. */
export class ClientProcess {
  readonly #options: ClientOptions;
  #lives = 0;
  #process: SimProcess | undefined;
  #live: LiveClient | undefined;
  #waiting: ((live: LiveClient) => void)[] = [];
  /** Callbacks that are scheduled in the living process. */
  #called = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get process(): SimProcess | undefined {
    return this.#process;
  }

  get isLeaving(): boolean {
    return this.#live?.isLeaving === true;
  }

  /** Whether a caller of `use` has not been called back yet. */
  get isAwaited(): boolean {
    return this.#waiting.length + this.#called > 0;
  }

  start(): void {
    const { host, name, world } = this.#options;
    if (this.#process !== undefined) {
      return;
    }
    this.#lives += 1;
    const process = new SimProcess(world, `${name}.${this.#lives}`, host);
    this.#process = process;
    world.plan(0, process, () => void this.#connect(process));
  }

  crash(vanished: boolean): void {
    const process = this.#process;
    if (process !== undefined) {
      this.#options.world.recorder.tell(() => `${process.name} dies`);
      process.die();
      this.#process = undefined;
      this.#live = undefined;
      this.#called = 0;
      this.#options.network.processDied(process, vanished);
    }
  }

  /** Closes the client and ends its process; a new one starts. */
  stop(): void {
    const live = this.#live;
    const { world } = this.#options;
    if (live !== undefined && !live.isLeaving) {
      live.isLeaving = true;
      world.recorder.tell(() => `${live.process.name} closes`);
      const leave = async (): Promise<void> => {
        await live.client.close();
        world.plan(0, undefined, () => {
          if (this.#process === live.process) {
            this.crash(false);
            this.start();
          }
        });
      };
      world.plan(0, live.process, () => void leave());
    }
  }

  /** Calls back in a step of the connected process, once there is one. */
  use(run: (live: LiveClient) => void): void {
    if (this.#live === undefined || this.#live.isLeaving) {
      this.#waiting.push(run);
    } else {
      const live = this.#live;
      this.#called += 1;
      this.#options.world.plan(0, live.process, () => {
        this.#called -= 1;
        run(live);
      });
    }
  }

  async #connect(process: SimProcess): Promise<void> {
    const { clock, name, randomBytes } = process;
    const dial = this.#options.network.dialler(process);
    const client = new Client(MANAGER_URL, SECRET, { name, clock, randomBytes, dial });
    try {
      await client.start();
    } catch {
      clock.after(RETRY_MS, () => void this.#connect(process));
      return;
    }
    this.#live = { process, client, isLeaving: false };
    for (const run of this.#waiting.splice(0)) {
      this.use(run);
    }
  }
}
