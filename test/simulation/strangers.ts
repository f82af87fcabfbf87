import { DEFAULT_KEY_ID, encodeFrame, PROTOCOL_VERSION, type Transport } from '@millrace/protocol';
import type { SimNetwork } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import type { World } from './world.ts';

/** More than there are places. */
const STRANGERS = 10;
/** The time after which a stranger dials again when it was cut off, or sends its first bytes after a dial. */
const SOON_MAX_MS = 700;

const NONCE_BYTES = 32;

/** Programs that dial the manager and do not show the key. They dial again when they are cut off. */
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
    const soon = (run: () => void): void => {
      const delayMs = ((process.randomBytes(1)[0] ?? 0) / 256) * SOON_MAX_MS;
      process.clock.after(delayMs, run);
    };
    const again = (): void => soon(() => this.#dial(process));
    this.#network
      .dialler(process)('')
      .then((transport) => {
        transport.listen({ frame() {}, drained() {}, closed: again });
        soon(() => this.#greet(process, transport));
      })
      .catch(again);
  }

  /** Half of the strangers begin the handshake after a while, which counts as progress, and then send nothing. */
  #greet({ randomBytes }: SimProcess, transport: Transport): void {
    const nonce = randomBytes(NONCE_BYTES);
    const [first = 0] = nonce;
    if (first % 2 === 0) {
      const [version, keyId] = [PROTOCOL_VERSION, DEFAULT_KEY_ID];
      const hello = {
        verb: 'hello',
        version,
        keyId,
        role: 'client',
        nonce,
        binding: 'none',
      } as const;
      transport.send(encodeFrame([hello]));
    }
  }
}
