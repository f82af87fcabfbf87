import type { ClientProcess } from './client-process.ts';
import type { ManagerProcess } from './manager-process.ts';
import type { Fault } from './plan-faults.ts';
import type { SimDisk } from './sim-disk.ts';
import type { SimNetwork } from './sim-network.ts';
import type { SimHost, SimProcess } from './sim-process.ts';
import type { Strangers } from './strangers.ts';
import type { WorkerProcess } from './worker-process.ts';
import type { World } from './world.ts';

/** The parts of a world that faults can hit. */
export interface Victims {
  readonly manager: ManagerProcess;
  readonly workers: readonly WorkerProcess[];
  readonly clients: readonly ClientProcess[];
  readonly network: SimNetwork;
  readonly disk: SimDisk;
  readonly hosts: readonly SimHost[];
  readonly strangers: Strangers;
}

interface Mortal {
  readonly process: SimProcess | undefined;
  /** Starts a new life unless there is one. A process that is leaving restarts by itself. */
  start(): void;
  stop(): void;
  crash(vanished: boolean): void;
}

const pick = <T>(from: readonly T[], which: number): T | undefined => from[which % from.length];

/** Causes the faults of a plan, and ends each when its time is over. */
export class Nemesis {
  readonly #world: World;
  readonly #victims: Victims;

  constructor(world: World, victims: Victims) {
    this.#world = world;
    this.#victims = victims;
  }

  plan(faults: readonly Fault[], untilMs: number): void {
    for (const fault of faults) {
      this.#world.plan(fault.atMs, undefined, () => {
        const mend = this.#strike(fault);
        this.#record(fault, true);
        const forMs = Math.min(fault.forMs, untilMs - this.#world.nowMs);
        this.#world.plan(forMs, undefined, () => {
          mend();
          this.#record(fault, false);
        });
      });
    }
  }

  /** Ends all faults that are left, so that every process lives. */
  heal(): void {
    const { clients, manager, workers } = this.#victims;
    for (const one of [manager, ...workers, ...clients]) {
      // Cut short, because a worker may take half a minute to drain.
      if (one.isLeaving) {
        one.crash(false);
      }
      one.start();
    }
    this.#world.recorder.record({ kind: 'healed' });
  }

  #record({ kind, which }: Fault, on: boolean): void {
    this.#world.recorder.record({ kind: 'fault', fault: kind, target: String(which), on });
  }

  /** Causes a fault. @returns a function that ends it */
  #strike(fault: Fault): () => void {
    const { clients, disk, hosts, manager, network, strangers, workers } = this.#victims;
    const { kind, which } = fault;
    const worker = pick(workers, which);
    const client = pick(clients, which);
    switch (kind) {
      case 'crash manager':
        return this.#crash(manager, false);
      case 'stop manager':
        return this.#stop(manager);
      case 'vanish manager':
        return this.#crash(manager, true);
      case 'pause manager':
        return this.#pause(manager);
      case 'crash worker':
        return this.#crash(worker, false);
      case 'vanish worker':
        return this.#crash(worker, true);
      case 'stop worker':
        return this.#stop(worker);
      case 'pause worker':
        return worker?.pause(fault.way !== 'toManager') ?? (() => {});
      case 'cut off worker':
        return this.#cutOff(worker?.name, fault);
      case 'blink worker':
        return this.#cutOff(worker?.name, { ...fault, way: 'toManager' });
      case 'crash client':
        return this.#crash(client, false);
      case 'close client':
        return this.#stop(client);
      case 'pause client':
        return this.#pause(client);
      case 'cut off client':
        return this.#cutOff(client?.name, fault);
      case 'reset wire':
      case 'vanish wire':
      case 'stall wire':
        return this.#hurtWire(fault, network);
      case 'fail disk':
        disk.failsNext = true;
        return () => {};
      case 'stall disk':
        disk.stall(fault.forMs);
        return () => {};
      case 'fill disk':
        disk.isFull = true;
        return () => {
          disk.isFull = false;
        };
      case 'crowd':
        return strangers.come(pick(hosts, which)?.address ?? '');
      default:
        return stepWall(pick(hosts, which), fault.stepMs);
    }
  }

  #crash(mortal: Mortal | undefined, vanished: boolean): () => void {
    mortal?.crash(vanished);
    return () => mortal?.start();
  }

  /** Stops a process in the orderly way; it restarts after it has ended. */
  #stop(mortal: Mortal | undefined): () => void {
    mortal?.stop();
    return () => mortal?.start();
  }

  #pause(mortal: Mortal | undefined): () => void {
    const process = mortal?.process;
    process?.pause();
    return () => {
      if (process?.isPaused === true) {
        process.resume();
      }
    };
  }

  #cutOff(name: string | undefined, { way }: Fault): () => void {
    if (name === undefined) {
      return () => {};
    }
    this.#victims.network.cutOff(name, way === 'toManager');
    return () => this.#victims.network.reconnect(name);
  }

  #hurtWire({ forMs, kind, way, which }: Fault, network: SimNetwork): () => void {
    const wire = pick(network.wires, which);
    if (kind === 'reset wire') {
      wire?.reset();
    } else if (kind === 'vanish wire') {
      wire?.vanish(way);
    } else {
      wire?.stall(forMs, way);
    }
    return () => {};
  }
}

const stepWall = (host: SimHost | undefined, byMs: number): (() => void) => {
  if (host !== undefined) {
    host.wallOffsetMs += byMs;
  }
  return () => {};
};
