import type { ClientProcess, LiveClient } from './client-process.ts';
import type { Pause } from './plan-pauses.ts';
import type { World } from './world.ts';

/** An operator, who pauses queues and resumes them. */
export class Operator {
  readonly #world: World;
  readonly #client: ClientProcess;
  #busy = 0;

  constructor(world: World, client: ClientProcess) {
    this.#world = world;
    this.#client = client;
  }

  plan(pauses: readonly Pause[]): void {
    this.#busy += pauses.length;
    for (const pause of pauses) {
      this.#world.plan(pause.atMs, undefined, () => {
        this.#client.use((live) => {
          void this.#pause(live, pause).finally(() => {
            this.#busy -= 1;
          });
        });
      });
    }
  }

  /** Whether the manager has confirmed that every queue is resumed. */
  get isIdle(): boolean {
    return this.#busy === 0;
  }

  async #pause({ client, process }: LiveClient, { forMs, queue }: Pause): Promise<void> {
    const { recorder } = this.#world;
    await client.queue(queue).pause();
    recorder.record({ kind: 'paused', queue });
    await new Promise<void>((resolve) => void process.clock.after(forMs, resolve));
    recorder.record({ kind: 'resume', queue });
    await client.queue(queue).resume();
  }
}
