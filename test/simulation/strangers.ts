import type { SimNetwork } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import type { World } from './world.ts';

/** More than there are places. */
const STRANGERS = 10;
/** The time after which a stranger who was cut off dials again. */
const REDIAL_MAX_MS = 700;

/** Programs that dial the manager and say nothing. They dial again when they are cut off. */
export class Strangers {
  readonly #world: World;
  readonly #network: SimNetwork;
  #crowds = 0;

  constructor(world: World, network: SimNetwork) {
    this.#world = world;
    this.#network = network;
  }

  /** Lets a crowd come from this address. @returns a function that ends the crowd */
  come(address: string): () => void {
    this.#crowds += 1;
    const host = { wallOffsetMs: 0, address };
    const process = new SimProcess(this.#world, `stranger.${this.#crowds}`, host);
    for (let n = 0; n < STRANGERS; n++) {
      this.#dial(process);
    }
    return () => {
      process.die();
      this.#network.processDied(process, false);
    };
  }

  #dial(process: SimProcess): void {
    const again = (): void => {
      const delayMs = process.randomBytes(1)[0] ?? 0;
      process.clock.after((delayMs / 256) * REDIAL_MAX_MS, () => this.#dial(process));
    };
    this.#network
      .dialler(process)('')
      .then((transport) => transport.listen({ frame() {}, drained() {}, closed: again }))
      .catch(again);
  }
}
