/** The orders that a producer's process carries out. */
import type { Producer } from './adapter.ts';
import { sharedClockMs } from './clock.ts';
import { type Drive, drive, pace } from './drive.ts';
import { payload } from './payload.ts';
import type { Answer, Order } from './served.ts';

const BULK = 1_000;
const FILLS_IN_FLIGHT = 4;
const SINGLE_FILLS_IN_FLIGHT = 200;

const bulk = Array.from({ length: BULK }, () => payload);

const lacking = (what: string) => (): never => {
  throw new Error(`this system has no ${what}`);
};

/** Adds `count` tasks in the fastest way that the system has, or as many as it can add in `maxMs`. */
const fill = async (producer: Producer, count: number, maxMs: number): Promise<Answer> => {
  const untilMs = performance.now() + maxMs;
  let left = count;
  const inFlight = producer.enqueueMany === undefined ? SINGLE_FILLS_IN_FLIGHT : FILLS_IN_FLIGHT;
  const addUntilFull = async (): Promise<void> => {
    while (left > 0 && performance.now() < untilMs) {
      if (producer.enqueueMany === undefined) {
        left -= 1;
        await producer.enqueue(payload);
      } else {
        left -= BULK;
        await producer.enqueueMany(bulk);
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, addUntilFull));
  return { count: count - left };
};

const driveOf = ({ inFlight, measureMs, warmUpMs }: Order): Drive => ({
  inFlight: Number(inFlight),
  warmUpMs: Number(warmUpMs),
  measureMs: Number(measureMs),
});

export const producerOrders = (
  producer: Producer,
): Readonly<Record<string, (order: Order) => Promise<Answer>>> => {
  const enqueueMany = producer.enqueueMany?.bind(producer) ?? lacking('bulk');
  const call = producer.call?.bind(producer) ?? lacking('results');
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    enqueue: () => producer.enqueue(payload),
    enqueueMany: () => enqueueMany(bulk),
    call: () => call(payload),
  };
  const callOf = (kind: string): (() => Promise<unknown>) => calls[kind] ?? lacking(kind);
  return {
    drive: (order) => drive(callOf(String(order['kind'])), driveOf(order)),
    driveSized: (order) => {
      const sized = { ...payload, name: 'r'.repeat(Number(order['nameBytes'])) };
      return drive(() => call(sized), driveOf(order));
    },
    pace: ({ forMs, perSecond }) =>
      pace(
        () => producer.enqueue({ ...payload, a: sharedClockMs() }),
        Number(perSecond),
        Number(forMs),
      ),
    fill: ({ count, maxMs = Number.POSITIVE_INFINITY }) =>
      fill(producer, Number(count), Number(maxMs)),
  };
};
