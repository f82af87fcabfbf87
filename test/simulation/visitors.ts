import { messageOf } from '@millrace/protocol';
import type { Random } from '../support/random.ts';
import type { ClientProcess, LiveClient } from './client-process.ts';
import type { World } from './world.ts';

const SILENT_MAX_MS = 8_000;

/**
 * Clients that ask something now and then, and are silent in between. No fault hits them,
 * so each question must be answered, whether or not its client was dismissed meanwhile.
 */
export class Visitors {
  readonly breaches: string[] = [];
  readonly #world: World;
  readonly #random: Random;
  #untilMs = 0;
  #asked = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random('visitors');
  }

  /** Whether no question waits for its answer. */
  get isIdle(): boolean {
    return this.#asked === 0;
  }

  /** Lets these clients ask until this time. */
  start(clients: readonly ClientProcess[], untilMs: number): void {
    this.#untilMs = untilMs;
    for (const client of clients) {
      this.#askLater(client);
    }
  }

  #askLater(client: ClientProcess): void {
    const delayMs = this.#random.next() * SILENT_MAX_MS;
    if (this.#world.nowMs + delayMs < this.#untilMs) {
      this.#world.plan(delayMs, undefined, () => {
        this.#asked += 1;
        client.use((live) => void this.#ask(client, live));
      });
    }
  }

  async #ask(visitor: ClientProcess, { client, process }: LiveClient): Promise<void> {
    try {
      await client.queue('mill').size();
    } catch (error) {
      this.breaches.push(`${process.name} was not answered: ${messageOf(error)}`);
    }
    this.#asked -= 1;
    this.#askLater(visitor);
  }
}
