import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, TaskFailed } from '@millrace/client';
import { z } from 'zod';
import type { Child } from '../support/child.ts';
import { momentUs } from '../support/moment.ts';
import type { Random } from '../support/random.ts';
import type { ManagerChild, Stage } from '../support/stage.ts';
import { CAMPAIGN_QUEUE } from './campaign-tasks.ts';
import { executionsOf, type Outage } from './explain.ts';
import { HISTORY_VARIABLE, type Recorded, readHistory, WORKER_VARIABLE } from './history.ts';
import type { BatchHistory, Order, Told } from './producer-orders.ts';

/** The outcome of a task, as a text that can be compared between two readers. */
export type Seen = string;

export interface Round {
  readonly batches: readonly BatchHistory[];
  /** One kill, or two in quick succession. */
  readonly outages: readonly Outage[];
  /** The number of tasks whose handlers ran at the moment of the kill. */
  readonly leasedAtKill: number;
  /** The number of unacknowledged batches at the moment of the kill. */
  readonly unacknowledgedAtKill: number;
}

export interface CampaignOptions {
  /** The number of worker processes. */
  readonly workers: number;
  /** Whether some rounds kill the manager twice in quick succession. */
  readonly secondKills: boolean;
}

const statusSchema = z.object({
  epoch: z.number(),
  queues: z.array(z.object({ name: z.string(), enqueued: z.number(), succeeded: z.number() })),
});

const PRODUCERS = 3;
const TASKS_PER_ROUND = 1_000;
const BATCH = 5;
const SECOND_KILL_EVERY = 4;
/** The longest time from listening to the second kill; some peers are back by then, others not. */
const SECOND_KILL_MAX_MS = 300;

const script = (name: string): URL => new URL(name, import.meta.url);

const acknowledged = ({ ackedAtUs }: BatchHistory): boolean => ackedAtUs !== undefined;

/** The ids of the tasks that were acknowledged to their producer. */
export const ackedIds = (batches: readonly BatchHistory[]): string[] =>
  batches.filter(acknowledged).flatMap((batch) => batch.taskIds);

/** Whether this batch was certainly sent and not acknowledged when the manager died. */
const wasUnderWay = (batch: BatchHistory, killedAtUs: number): boolean =>
  batch.sentAtUs < killedAtUs && (batch.ackedAtUs ?? Number.POSITIVE_INFINITY) > killedAtUs;

const runningAt = (history: readonly Recorded[], atUs: number): number =>
  [...executionsOf(history).values()]
    .flat()
    .filter((run) => run.startedAtUs < atUs && (run.endedAtUs ?? Number.POSITIVE_INFINITY) > atUs)
    .length;

/** Waits for the outcome of a task, as a client sees it. */
export const readOutcome = async (client: Client, taskId: string): Promise<Seen> => {
  try {
    return JSON.stringify(await client.task(taskId).result());
  } catch (error) {
    if (error instanceof TaskFailed) {
      return `${error.code}: ${error.remote?.message ?? ''}`;
    }
    throw error;
  }
};

export const readOutcomes = async (
  client: Client,
  taskIds: readonly string[],
): Promise<Map<string, Seen>> => {
  const seen = await Promise.all(taskIds.map((taskId) => readOutcome(client, taskId)));
  return new Map(taskIds.map((taskId, index) => [taskId, seen[index] ?? '']));
};

/** A manager that is killed again and again, while its producers and workers live on. */
export class Campaign {
  readonly #stage: Stage;
  readonly #producers: readonly Child[];
  readonly #workers: readonly Child[];
  readonly #histories: readonly string[];
  readonly #secondKills: boolean;
  #manager: ManagerChild;

  private constructor(
    stage: Stage,
    manager: ManagerChild,
    producers: readonly Child[],
    workers: readonly Child[],
    histories: readonly string[],
    secondKills: boolean,
  ) {
    this.#stage = stage;
    this.#manager = manager;
    this.#producers = producers;
    this.#workers = workers;
    this.#histories = histories;
    this.#secondKills = secondKills;
  }

  static async start(stage: Stage, options: CampaignOptions): Promise<Campaign> {
    const manager = await stage.manager({ args: ['--queue', CAMPAIGN_QUEUE] });
    const names = Array.from({ length: options.workers }, (_, index) => `worker-${index}`);
    const histories = names.map((name) => stage.path(`${name}.history`));
    const workers = names.map((name, index) => {
      const handlers = script('campaign-handlers.ts').href;
      const env = { [HISTORY_VARIABLE]: histories[index], [WORKER_VARIABLE]: name };
      return stage.script(name, script('recording-worker.ts'), [name, handlers], env);
    });
    const producers = Array.from({ length: PRODUCERS }, (_, index) =>
      stage.script(`producer-${index}`, script('producer.ts')),
    );
    await Promise.all(producers.map((producer) => once(producer.process, 'message')));
    await Promise.all(workers.map((worker) => worker.line(/worker runs/)));
    return new Campaign(stage, manager, producers, workers, histories, options.secondKills);
  }

  /** The records of all workers and their processes. */
  history(): Recorded[] {
    return this.#histories.flatMap(readHistory).toSorted((a, b) => a.atUs - b.atUs);
  }

  /**
   * Produces a round's tasks, kills the manager when a random share of them is
   * acknowledged, and starts it again. Some rounds do so twice, so that some peers
   * skip an epoch.
   */
  async round(random: Random): Promise<Round> {
    const batches = Math.ceil(TASKS_PER_ROUND / BATCH);
    const killAfter = random.between(Math.floor(batches / 10), Math.floor((batches * 8) / 10));
    const reached = this.#acknowledgements(killAfter);
    const done = Promise.all(
      this.#producers.map((producer, n) => this.#produce(producer, n, random)),
    );
    await reached;
    const first = await this.killAndRestart();
    const outages = [first];
    if (this.#secondKills && random.between(1, SECOND_KILL_EVERY) === 1) {
      await pause(random.between(0, SECOND_KILL_MAX_MS));
      outages.push(await this.killAndRestart());
    }
    const produced = (await done).flat();
    return {
      batches: produced,
      outages,
      leasedAtKill: runningAt(this.history(), first.killedAtUs),
      unacknowledgedAtKill: produced.filter((batch) => wasUnderWay(batch, first.killedAtUs)).length,
    };
  }

  /** Kills the manager with SIGKILL and starts it again on the same data and port. */
  async killAndRestart(): Promise<Outage> {
    const killedAtUs = momentUs();
    await this.#manager.end('SIGKILL');
    return { killedAtUs, listeningAtUs: await this.#restart() };
  }

  /** Stops the manager with SIGTERM and starts it again on the same data and port. */
  async stopAndRestart(): Promise<void> {
    await this.#manager.end('SIGTERM');
    await this.#restart();
  }

  /** Resolves when every worker has resumed its session with the current manager. */
  async workersAreBack(): Promise<void> {
    const client = await this.#stage.connect();
    const { epoch } = statusSchema.parse(await client.status());
    await client.close();
    await Promise.all(
      this.#workers.map((worker) => worker.line(new RegExp(`session under epoch ${epoch}$`))),
    );
  }

  /** The manager's own counts, which survive its kills. */
  async totals(client: Client): Promise<{ readonly enqueued: number; readonly succeeded: number }> {
    const { queues } = statusSchema.parse(await client.status());
    const queue = queues.find(({ name }) => name === CAMPAIGN_QUEUE);
    if (queue === undefined) {
      throw new Error('the status does not mention the queue');
    }
    return queue;
  }

  /** Whether all producers and workers still run. */
  get isIntact(): boolean {
    return [...this.#producers, ...this.#workers].every((child) => child.isRunning);
  }

  async #restart(): Promise<number> {
    const { port } = this.#manager;
    this.#manager = await this.#stage.manager({ port, args: ['--queue', CAMPAIGN_QUEUE] });
    return momentUs();
  }

  #acknowledgements(count: number): Promise<void> {
    let left = count;
    return new Promise((resolve) => {
      const hear = (message: Told): void => {
        left -= message.kind === 'acked' ? 1 : 0;
        if (left <= 0) {
          for (const producer of this.#producers) {
            producer.process.off('message', hear);
          }
          resolve();
        }
      };
      for (const producer of this.#producers) {
        producer.process.on('message', hear);
      }
    });
  }

  #produce(producer: Child, index: number, random: Random): Promise<readonly BatchHistory[]> {
    const tasks = Math.ceil((TASKS_PER_ROUND - index) / PRODUCERS);
    const order: Order = { tasks, batchSize: BATCH, seed: random.between(0, 2 ** 31) };
    const done = new Promise<readonly BatchHistory[]>((resolve, reject) => {
      const hear = (message: Told): void => {
        if (message.kind === 'done') {
          producer.process.off('message', hear);
          resolve(message.batches);
        }
      };
      producer.process.on('message', hear);
      void producer.exited.then(() =>
        reject(new Error(`${producer.name} ended:\n${producer.output}`)),
      );
    });
    producer.process.send(order);
    return done;
  }
}
