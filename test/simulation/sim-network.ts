import { type Dial, limits, MillraceError, type Transport } from '@millrace/protocol';
import type { Random } from '../support/random.ts';
import type { SessionWitness } from './session-witness.ts';
import type { SimProcess } from './sim-process.ts';
import { type SimEnd, SimWire } from './sim-wire.ts';
import type { World } from './world.ts';

export interface NetworkRates {
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** The share of frames that take a hundred times as long. */
  readonly spikes: number;
  /** The bandwidth of a wire; 0 means unlimited. */
  readonly bytesPerMs: number;
}

/**
 * When a frame and its answer are both this late, heartbeats give the connection up
 * without any other fault.
 */
const LATE_MS = (limits.heartbeatProbes * limits.heartbeatIntervalMs) / 2;

interface Listener {
  readonly process: SimProcess;
  readonly accept: (end: SimEnd) => void;
}

/** The network: the manager's listener and the wires between processes. */
export class SimNetwork {
  readonly #world: World;
  readonly #random: Random;
  #rates: NetworkRates;
  readonly #wires = new Set<SimWire>();
  readonly #cutOff = new Set<string>();
  readonly #witness: SessionWitness | undefined;
  #listener: Listener | undefined;
  #wiresMade = 0;
  #cutMessages = 0;

  /** @param witness sees the frames between the manager and its clients */
  constructor(world: World, rates: NetworkRates, witness?: SessionWitness) {
    this.#world = world;
    this.#random = world.random('network');
    this.#rates = rates;
    this.#witness = witness;
  }

  get wires(): readonly SimWire[] {
    return [...this.#wires];
  }

  /** The number of messages whose connection was lost between two of their parts. */
  get cutMessages(): number {
    return this.#cutMessages;
  }

  calm(rates: NetworkRates): void {
    this.#rates = rates;
    this.#cutOff.clear();
    for (const wire of this.#wires) {
      wire.heal();
    }
  }

  listen(process: SimProcess, accept: Listener['accept']): void {
    this.#listener = { process, accept };
  }

  /** Stops listening for a process; its connections stay. */
  refuse(process: SimProcess): void {
    if (this.#listener?.process === process) {
      this.#listener = undefined;
    }
  }

  /** Cuts a process off from all others. With `isTold` both ends of its wires notice, otherwise neither does. */
  cutOff(name: string, isTold: boolean): void {
    this.#cutOff.add(name);
    for (const wire of this.#wires) {
      if (wire.joins(name) && isTold) {
        wire.reset();
      } else if (wire.joins(name)) {
        wire.vanish('both');
      }
    }
  }

  reconnect(name: string): void {
    this.#cutOff.delete(name);
  }

  dialler(process: SimProcess): Dial {
    return () =>
      new Promise((resolve, reject) => {
        const refuse = (): void =>
          reject(new MillraceError('CONNECT_FAILED', 'no manager answered'));
        const stop = this.#world.plan(limits.dialMaxMs, process, refuse, 'dial');
        this.#world.plan(this.#delayMs(), undefined, () => {
          this.#arrive(
            process,
            (transport) => {
              stop();
              resolve(transport);
            },
            () => {
              stop();
              this.#world.plan(this.#delayMs(), process, refuse, 'dial');
            },
          );
        });
      });
  }

  /** Ends the wires of a dead process as its kernel does, or silently if its host vanished. */
  processDied(process: SimProcess, vanished: boolean): void {
    for (const wire of this.#wires) {
      if (wire.ends(process)) {
        wire.ownerDied(process, vanished);
      }
    }
    this.refuse(process);
  }

  #arrive(dialler: SimProcess, resolve: (end: Transport) => void, refuse: () => void): void {
    const listener = this.#listener;
    if (!dialler.isAlive) {
      return;
    }
    const isCutOff = [...this.#cutOff].some((name) =>
      [dialler.name, listener?.process.name].some((one) => one?.startsWith(name)),
    );
    if (isCutOff) {
      return;
    }
    if (listener === undefined || !listener.process.isAlive) {
      refuse();
      return;
    }
    this.#wiresMade += 1;
    const wire = new SimWire(this.#world, {
      name: `wire-${this.#wiresMade}`,
      port: this.#wiresMade,
      dialler,
      manager: listener.process,
      delayMs: () => this.#delayMs(),
      random: this.#random,
      bytesPerMs: () => this.#rates.bytesPerMs,
      watch: this.#witness?.watch(dialler),
      ended: () => {
        this.#wires.delete(wire);
        this.#cutMessages += wire.cutMessages;
      },
    });
    this.#wires.add(wire);
    this.#world.recorder.tell(() => `${dialler.name} dials ${listener.process.name}: ${wire.name}`);
    const accept = (): void => listener.accept(wire.manager);
    this.#world.plan(0, listener.process, accept, wire.name);
    const answer = (): void => resolve(wire.dialler);
    this.#world.plan(this.#delayMs(), dialler, answer, wire.name);
  }

  #delayMs(): number {
    const { jitterMs, latencyMs, spikes } = this.#rates;
    const isSpike = this.#random.next() < spikes;
    const delayMs = (latencyMs + this.#random.next() * jitterMs) * (isSpike ? 100 : 1);
    if (delayMs >= LATE_MS) {
      const target = 'a frame, or a connection';
      this.#world.recorder.record({ kind: 'fault', fault: 'late', target, on: true });
    }
    return delayMs;
  }
}
