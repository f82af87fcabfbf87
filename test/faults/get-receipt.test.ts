import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, QueueEmpty, type QueueHandle } from 'millrace';
import { expect, test } from 'vitest';
import type { Child } from '../support/child.ts';
import { faultRounds, faultSeed } from '../support/environment.ts';
import { momentUs } from '../support/moment.ts';
import { Random } from '../support/random.ts';
import { type Stage, stages } from '../support/stage.ts';

const openStage = stages();

const QUEUE = 'items';
/** Getters that run at the same time, so that a living one gets the items of a dead one. */
const GETTERS_AT_ONCE = 3;
const STOCK = 300;
/** Longer than the grace of a dead getter's session. */
const DRAIN_WAIT_MS = 3_000;
const TEST_MAX_MS = 900_000;

interface Taken {
  readonly item: number;
  readonly atUs: number;
}

/** A getter that was killed, with the path of its record. */
interface Killed {
  readonly killedAtUs: number;
  readonly path: string;
}

const readTaken = (path: string): Taken[] =>
  (existsSync(path) ? readFileSync(path, 'utf8') : '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [item, atUs] = line.split(' ').map(Number);
      return { item: item ?? -1, atUs: atUs ?? 0 };
    });

/** The queue of items, with the number of items that were put so far. */
class Stock {
  readonly #queue: QueueHandle<number>;
  count = 0;

  constructor(client: Client) {
    this.#queue = client.queue<number>(QUEUE);
  }

  async fill(): Promise<void> {
    const { ready } = await this.#queue.size();
    const puts = Array.from({ length: Math.max(0, STOCK - ready) }, () => {
      this.count += 1;
      return this.#queue.put(this.count);
    });
    await Promise.all(puts);
  }

  /** Takes all items that are left, including those that dead getters still hold. */
  async drain(): Promise<Taken[]> {
    const taken: Taken[] = [];
    for (;;) {
      try {
        const item = await this.#queue.get({ timeoutMs: DRAIN_WAIT_MS });
        taken.push({ item, atUs: momentUs() });
      } catch (error) {
        const { leased, ready } = await this.#queue.size();
        if (!(error instanceof QueueEmpty) || leased + ready === 0) {
          expect(error).toBeInstanceOf(QueueEmpty);
          return taken;
        }
      }
    }
  }
}

/** Resolves when the getter has reported this many items. */
const tookMany = (getter: Child, count: number): Promise<void> =>
  new Promise((resolve) => {
    let left = count;
    getter.process.on('message', () => {
      left -= 1;
      if (left === 0) {
        resolve();
      }
    });
  });

/** Getters one after another: the next starts while the current one works. */
class GetterSeries {
  readonly #stage: Stage;
  readonly #stock: Stock;
  readonly #random: Random;
  #next: { readonly getter: Child; readonly path: string; readonly ready: Promise<unknown> };

  constructor(stage: Stage, stock: Stock, random: Random) {
    this.#stage = stage;
    this.#stock = stock;
    this.#random = random;
    this.#next = this.#spawn();
  }

  /** Runs one getter, and kills it after a random number of items or of milliseconds. */
  async round(): Promise<Killed> {
    const { getter, path, ready } = this.#next;
    this.#next = this.#spawn();
    await Promise.all([ready, this.#stock.fill()]);
    const isByItems = this.#random.next() < 0.5;
    const moment = isByItems
      ? tookMany(getter, this.#random.between(1, 25))
      : pause(this.#random.between(0, 40));
    getter.process.send('go');
    await moment;
    const killedAtUs = momentUs();
    await getter.end('SIGKILL');
    return { killedAtUs, path };
  }

  #spawn() {
    const path = this.#stage.path(`getter-${this.#random.between(0, 2 ** 31)}-${momentUs()}`);
    const getter = this.#stage.script('getter', new URL('getter.mjs', import.meta.url), [
      path,
      QUEUE,
    ]);
    return { getter, path, ready: once(getter.process, 'message') };
  }
}

interface Delivery extends Taken {
  /** The time at which the receiver was killed, if this was its last record. */
  readonly killedAtUs: number | undefined;
}

const deliveriesOf = ({ killedAtUs, path }: Killed): Delivery[] => {
  const taken = readTaken(path);
  return taken.map((one, index) => ({
    ...one,
    killedAtUs: index === taken.length - 1 ? killedAtUs : undefined,
  }));
};

/** Redeliveries of one item that were not preceded by the death of its receiver. */
const unexplained = (deliveries: readonly Delivery[]): Delivery[] => {
  const inOrder = deliveries.toSorted((a, b) => a.atUs - b.atUs);
  return inOrder.filter((delivery, index) => {
    const before = inOrder[index - 1];
    return (
      before !== undefined && (before.killedAtUs === undefined || before.killedAtUs > delivery.atUs)
    );
  });
};

const byItem = (deliveries: readonly Delivery[]): Map<number, Delivery[]> => {
  const groups = new Map<number, Delivery[]>();
  for (const delivery of deliveries) {
    const group = groups.get(delivery.item) ?? [];
    groups.set(delivery.item, group);
    group.push(delivery);
  }
  return groups;
};

test(
  'getters killed at random moments lose no item, and every redelivery follows a death',
  async () => {
    const seed = faultSeed();
    const rounds = faultRounds(200);
    console.log(`FAULT_SEED=${seed} FAULT_ROUNDS=${rounds}`);
    const random = new Random(seed);
    const stage = await openStage();
    await stage.manager({ args: ['--queue', QUEUE] });
    const stock = new Stock(await stage.connect());
    await stock.fill();
    const killed: Killed[] = [];
    let left = rounds;
    const runRounds = async (series: GetterSeries): Promise<void> => {
      while (left > 0) {
        left -= 1;
        killed.push(await series.round());
      }
    };
    const all = Array.from(
      { length: GETTERS_AT_ONCE },
      () => new GetterSeries(stage, stock, random),
    );
    await Promise.all(all.map(runRounds));

    const rest = await stock.drain();
    const deliveries = [
      ...killed.flatMap(deliveriesOf),
      ...rest.map((taken) => ({ ...taken, killedAtUs: undefined })),
    ];
    const groups = byItem(deliveries);
    const redelivered = [...groups.values()].filter((group) => group.length > 1);
    console.log(
      `${killed.length} getters killed, ${stock.count} items, ${deliveries.length - rest.length} taken by getters that died, ${redelivered.length} delivered again`,
    );
    expect(killed).toHaveLength(rounds);
    const lost = Array.from({ length: stock.count }, (_, n) => n + 1).filter((n) => !groups.has(n));
    expect(lost, 'items that nobody received').toEqual([]);
    expect([...groups.keys()].every((n) => n >= 1 && n <= stock.count)).toBe(true);
    expect(redelivered.flatMap(unexplained)).toEqual([]);
  },
  TEST_MAX_MS,
);
