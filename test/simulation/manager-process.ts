import {
  Broker,
  type BrokerOptions,
  type Engine,
  makeEngine,
  type QueueSpec,
} from '@millrace/manager/internals';
import { DEFAULT_KEY_ID, limits, messageOf } from '@millrace/protocol';
import { recordingEngine } from './recording-engine.ts';
import type { SimDisk } from './sim-disk.ts';
import { SimDoor } from './sim-door.ts';
import type { SimNetwork } from './sim-network.ts';
import { type SimHost, SimProcess } from './sim-process.ts';
import type { World } from './world.ts';

export const MANAGER_URL = 'sim://manager';
export const SECRET = Buffer.from('a key for the simulation');

/** The time that a stopping manager waits for its peers. */
const GOODBYE_MAX_MS = 1_000;
/** A full audit follows this many batches, as soon as no batch is being written. */
const COMMITS_AN_AUDIT = 8;

export interface ManagerOptions {
  readonly world: World;
  readonly network: SimNetwork;
  readonly disk: SimDisk;
  readonly host: SimHost;
  readonly queues: readonly QueueSpec[];
  readonly admission: BrokerOptions['admission'];
  readonly presence: BrokerOptions['presence'];
  /** The time after which a manager that stopped or failed is started again. */
  readonly restartMs: number;
}

/** The manager of the world. It has many lives, one after another, on one disk. */
export class ManagerProcess {
  readonly breaches: string[] = [];
  readonly #options: ManagerOptions;
  #lives = 0;
  #process: SimProcess | undefined;
  #engine: Engine | undefined;
  #isServing = false;
  #broker: Broker | undefined;
  #isLeaving = false;
  #auditedCommits = 0;

  constructor(options: ManagerOptions) {
    this.#options = options;
  }

  get process(): SimProcess | undefined {
    return this.#process;
  }

  get engine(): Engine | undefined {
    return this.#isServing ? this.#engine : undefined;
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  start(): void {
    const { world, host } = this.#options;
    if (this.#process !== undefined) {
      return;
    }
    this.#lives += 1;
    const process = new SimProcess(world, `manager.${this.#lives}`, host);
    this.#process = process;
    world.plan(0, process, () => this.#begin(process));
  }

  /** Ends the manager at once, as SIGKILL does, or together with its host. */
  crash(vanished: boolean): void {
    const process = this.#process;
    if (process !== undefined) {
      this.#options.world.recorder.tell(() => `${process.name} dies`);
      process.die();
      this.#process = undefined;
      this.#engine = undefined;
      this.#isServing = false;
      this.#isLeaving = false;
      this.#options.disk.crash();
      this.#options.network.processDied(process, vanished);
    }
  }

  /** Says goodbye to all peers, closes the store and ends; the manager restarts some time later. */
  stop(): void {
    const [broker, process] = [this.#broker, this.#process];
    if (broker !== undefined && process !== undefined && this.#isServing && !this.#isLeaving) {
      this.#isLeaving = true;
      this.#options.world.plan(0, process, () => void this.#leave(broker, process));
    }
  }

  async #leave(broker: Broker, process: SimProcess): Promise<void> {
    const { network, restartMs, world } = this.#options;
    world.recorder.tell(() => `${process.name} stops`);
    network.refuse(process);
    await broker.closeLocal();
    broker.sayGoodbye('the manager is shutting down');
    await new Promise<void>((resolve) => void process.clock.after(GOODBYE_MAX_MS, resolve));
    // A failed store was reported through `failed`, which ends the manager.
    await broker.close().catch(() => {});
    this.#end(process, restartMs);
  }

  #end(process: SimProcess, restartMs: number): void {
    const { world } = this.#options;
    world.plan(0, undefined, () => {
      if (this.#process === process) {
        this.crash(false);
        world.plan(restartMs, undefined, () => this.start());
      }
    });
  }

  /** Checks the invariants that hold after each step of the manager. */
  audit(): void {
    const engine = this.engine;
    if (engine === undefined) {
      return;
    }
    this.#note(engine.auditMemory());
    const { commits } = this.#options.disk;
    if (commits >= this.#auditedCommits + COMMITS_AN_AUDIT && engine.isSettled) {
      this.#auditedCommits = commits;
      this.#note(engine.audit());
    }
  }

  auditAll(): void {
    if (this.engine?.isSettled === true) {
      this.#note(this.engine.audit());
    }
  }

  #note(breaches: readonly string[]): void {
    for (const breach of breaches) {
      this.#options.world.recorder.tell(() => `BREACH ${breach}`);
      this.breaches.push(breach);
    }
  }

  #begin(process: SimProcess): void {
    const { admission = {}, disk, network, presence = {}, queues, world } = this.#options;
    const { clock, randomBytes } = process;
    const engine = makeEngine({
      software: 'the simulation',
      journal: disk.journalOf(process),
      clock,
      randomBytes,
      payloadMaxBytes: limits.payloadMaxBytes,
      retainMaxBytes: limits.retainMaxBytes,
      restartGraceMs: limits.restartGraceMs,
    });
    const broker = new Broker({
      engine: recordingEngine(engine, world.recorder),
      clock,
      randomBytes,
      secretOf: (keyId) => (keyId === DEFAULT_KEY_ID ? SECRET : undefined),
      payloadMaxBytes: limits.payloadMaxBytes,
      newQueue: () => undefined,
      admission,
      presence,
      url: () => 'sim://manager',
      failed: (error) => this.#failed(process, error),
    });
    for (const queue of queues) {
      engine.declareQueue(queue);
    }
    const door = new SimDoor({
      world,
      process,
      broker,
      bounds: { ...limits, ...admission },
      complain: (breach) => this.#note([breach]),
    });
    this.#engine = engine;
    this.#broker = broker;
    broker
      .start()
      .then(() => {
        this.#isServing = true;
        world.recorder.tell(() => `${process.name} serves under epoch ${engine.epoch}`);
        network.listen(process, (end) => door.accept(end));
      })
      .catch((error: unknown) => world.recorder.tell(() => `no manager: ${messageOf(error)}`));
  }

  /** A manager whose store failed ends; a supervisor starts it again. */
  #failed(process: SimProcess, error: Error): void {
    const { restartMs, world } = this.#options;
    world.recorder.tell(() => `${process.name}: ${error.message}`);
    if (!error.message.includes('EIO')) {
      this.breaches.push(`the manager failed without a disk error: ${error.message}`);
    }
    this.#end(process, restartMs);
  }
}
