import { expect, test } from 'vitest';
import { faultSeed } from '../support/environment.ts';
import { Random } from '../support/random.ts';
import { stages } from '../support/stage.ts';
import { TearingProxy } from '../support/tearing-proxy.ts';

const openStage = stages();

const ITEMS = 60;
/** Some items are larger than a frame and travel in parts. */
const PADDING_MAX_CHARS = 200_000;
const TEAR_AFTER_MAX_BYTES = 600_000;
const PIECE_MAX_BYTES = 3_000;

const seed = faultSeed();

test(`frames in random pieces over torn connections lose no item (FAULT_SEED=${seed})`, async () => {
  const stage = await openStage();
  const { port } = await stage.manager();
  const random = new Random(seed);
  const proxy = await TearingProxy.open({
    port,
    random,
    pieceMaxBytes: PIECE_MAX_BYTES,
    tearAfterMaxBytes: TEAR_AFTER_MAX_BYTES,
  });
  const producer = await stage.connect({ url: proxy.url });
  const consumer = await stage.connect({ url: proxy.url });
  const items = Array.from({ length: ITEMS }, (_, n) => {
    const padding = 'x'.repeat(random.next() ** 2 * PADDING_MAX_CHARS);
    return { n, padding };
  });
  const taken = new Map<number, string>();
  const takeAll = async (): Promise<void> => {
    while (taken.size < ITEMS) {
      const { n, padding } = await consumer.queue<(typeof items)[number]>('default').get();
      taken.set(n, padding);
    }
  };
  await Promise.all([takeAll(), ...items.map((item) => producer.queue('default').put(item))]);
  expect(items.filter(({ n, padding }) => taken.get(n) !== padding)).toEqual([]);
  expect(proxy.torn).toBeGreaterThan(0);
  console.log(`${ITEMS} items through ${proxy.torn} torn connections`);
  proxy.close();
});
