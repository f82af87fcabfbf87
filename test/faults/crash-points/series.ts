import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@millrace/client';
import { messageOf } from '@millrace/protocol';
import { z } from 'zod';
import type { Random } from '../../support/random.ts';
import type { ManagerChild, ManagerOptions, Stage } from '../../support/stage.ts';
import { Ledger, PATIENCE_MS } from './ledger.ts';
import { Load } from './load.ts';
import { Peers } from './peers.ts';
import type { Point } from './plan.ts';
import { pathsOf } from './store-files.ts';
import { attach, type Injection, oneCommitter, straced } from './strace.ts';
import { ITEMS_QUEUE, TASKS_QUEUE } from './tasks.ts';

/** The result of one point. */
export interface PointResult {
  /** Whether the manager died at the point. */
  readonly wasReached: boolean;
  /** The number of acknowledgements before the crash. */
  readonly acknowledged: number;
  /** Sentences on acknowledged changes that are lost or different. */
  readonly broken: readonly string[];
  /** The time from the start of the process to the line that says that it listens. */
  readonly restartMs: number;
}

/** Only a point that the load does not reach takes this long. */
const REACH_MAX_MS = 20_000;

const queueSchema = z.object({
  name: z.string(),
  ready: z.number(),
  running: z.number(),
  scheduled: z.number(),
  enqueued: z.number(),
});
const statusSchema = z.object({
  store: z.object({ kind: z.literal('lmdb') }),
  queues: z.array(queueSchema),
});

/**
 * One store and the managers that die on it, one after another. A client and a worker
 * outlive them.
 */
export class Series {
  readonly #stage: Stage;
  readonly #random: Random;
  readonly #ledger = new Ledger();
  #manager: ManagerChild | undefined;
  #port = 0;
  #peers: Peers | undefined;
  #load: Load | undefined;

  constructor(stage: Stage, random: Random) {
    this.#stage = stage;
    this.#random = random;
  }

  /** Crashes a manager at this point, restarts it, and compares it with the ledger. */
  async crash(point: Point): Promise<PointResult> {
    const before = this.#ledger.count;
    const wasReached = await (point.how === 'launch'
      ? this.#diesFromLaunch(point)
      : this.#dies(point));
    const acknowledged = this.#ledger.count - before;
    const startedAtMs = performance.now();
    const manager = await this.#restart();
    const restartMs = performance.now() - startedAtMs;
    const broken = await this.#broken(manager);
    return { wasReached, acknowledged, broken, restartMs: Math.round(restartMs) };
  }

  async close(): Promise<void> {
    await this.#manager?.end('SIGKILL');
    await this.#peers?.close();
  }

  /** Runs the load on the current manager until the injection kills it. */
  async #dies(point: Exclude<Point, { readonly how: 'launch' }>): Promise<boolean> {
    const manager = this.#manager ?? (await this.#restart());
    await this.#letBack(manager);
    if (point.how === 'random') {
      const kill = pause(point.afterMs).then(() => manager.signal('SIGKILL'));
      await Promise.all([kill, this.#loadUntilDeath(manager)]);
      return true;
    }
    const tracer = await attach(this.#stage, manager.pid, this.#injection(point));
    const wasReached = await this.#loadUntilDeath(manager);
    await tracer.exited;
    return wasReached;
  }

  /** Injects into a new manager from its first call on. The manager may die before it listens. */
  async #diesFromLaunch(point: Extract<Point, { readonly how: 'launch' }>): Promise<boolean> {
    this.#peers?.gate.shut();
    await this.#manager?.end('SIGKILL');
    const under = straced(this.#injection(point));
    const manager = this.#stage.launchManager({ ...this.#options(), under });
    const isListening = await this.#stage.listening(manager).then(
      () => true,
      () => false,
    );
    if (!isListening) {
      const { signal } = await manager.exited;
      return signal === 'SIGKILL';
    }
    if (this.#peers === undefined) {
      // Peers would wait for a manager that is about to die.
      await manager.end('SIGKILL');
      return false;
    }
    await this.#letBack(manager);
    return this.#loadUntilDeath(manager);
  }

  #injection({ n, part, syscall }: Exclude<Point, { readonly how: 'random' }>): Injection {
    const paths = part === undefined ? [] : pathsOf(this.#stage, part);
    return { syscall, effect: 'signal=KILL', when: String(n), paths };
  }

  #options(): ManagerOptions {
    const args = ['--queue', TASKS_QUEUE, '--queue', ITEMS_QUEUE];
    return { args, env: oneCommitter, port: this.#port };
  }

  /** Runs the load until the manager is dead. @returns false if it had to be killed after a timeout */
  async #loadUntilDeath(manager: ManagerChild): Promise<boolean> {
    let wasReached = true;
    const hang = setTimeout(() => {
      wasReached = false;
      manager.signal('SIGKILL');
    }, REACH_MAX_MS);
    const death = manager.exited.then(() => this.#peers?.gate.shut());
    await Promise.all([this.#load?.run(death), death]);
    clearTimeout(hang);
    return wasReached;
  }

  async #restart(): Promise<ManagerChild> {
    const manager = await this.#stage.manager(this.#options());
    this.#manager = manager;
    return manager;
  }

  /** Lets client and worker through the gate to a manager that listens. */
  async #letBack(manager: ManagerChild): Promise<void> {
    if (this.#peers === undefined) {
      this.#port = manager.port;
      this.#peers = await Peers.start(manager.url, this.#stage.authkey, this.#ledger);
      this.#load = new Load(this.#peers.client, this.#ledger, this.#random);
    }
    this.#peers.gate.open();
  }

  /** Sentences on all differences between the restarted manager and the ledger of this store. */
  async #broken(manager: ManagerChild): Promise<string[]> {
    const client = await this.#stage.connect({ name: 'crash reader', url: manager.url });
    const ended = manager.closed.then(() => [
      `the restarted manager ended by itself: ${manager.stderr.at(-1)}`,
    ]);
    const found = this.#compare(client, manager).catch((error: unknown) => [
      `the restarted manager could not be read: ${messageOf(error)}`,
    ]);
    const broken = await Promise.race([found, ended]);
    await client.close();
    return broken;
  }

  async #compare(client: Client, manager: ManagerChild): Promise<string[]> {
    const missing = await this.#ledger.missing(client);
    await this.#letBack(manager);
    const unanswered = await this.#unanswered();
    const unfinished = await this.#ledger.unfinished(client);
    await this.#drain(client);
    const lost = this.#ledger.lostItems();
    const miscounted = await this.#miscounted(client);
    return [...missing, ...unanswered, ...unfinished, ...lost, ...miscounted];
  }

  /** Sentences on calls that the crash interrupted and that the restarted manager never answered. */
  async #unanswered(): Promise<string[]> {
    let hang: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      hang = setTimeout(resolve, PATIENCE_MS);
    });
    await Promise.race([this.#load?.answered(), tooLong]);
    clearTimeout(hang);
    return (this.#load?.unanswered ?? []).map((name) => `${name} was never answered`);
  }

  async #drain(client: Client): Promise<void> {
    const queue = client.queue<string>(ITEMS_QUEUE);
    for (let { leased, ready } = await queue.size(); leased + ready > 0; ) {
      const item = await queue.lease({ timeoutMs: PATIENCE_MS });
      this.#ledger.received(item.value);
      await item.ack();
      this.#ledger.removed(item.value);
      ({ leased, ready } = await queue.size());
    }
  }

  /** Sentences on queues whose counts differ from the ledger's. Called when no work is left. */
  async #miscounted(client: Client): Promise<string[]> {
    const { queues } = statusSchema.parse(await client.status());
    const expected = new Map([
      [TASKS_QUEUE, this.#ledger.taskCount],
      [ITEMS_QUEUE, this.#ledger.itemCount],
    ]);
    return queues
      .filter(
        ({ enqueued, name, ready, running, scheduled }) =>
          enqueued !== expected.get(name) || ready + running + scheduled > 0,
      )
      .map((queue) => `queue ${JSON.stringify(queue)}, ${expected.get(queue.name)} acknowledged`);
  }
}
