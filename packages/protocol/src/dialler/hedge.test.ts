import { expect, test } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { hedge } from './hedge.ts';

interface Attempt {
  resolve(result: string): void;
  reject(error: Error): void;
}

const stage = (forMs: number) => {
  const clock = new ManualClock();
  const attempts: Attempt[] = [];
  const discarded: string[] = [];
  const result = hedge<string>(
    () => new Promise((resolve, reject) => attempts.push({ resolve, reject })),
    { clock, everyMs: 500, forMs, discard: (late) => discarded.push(late) },
  );
  return { clock, attempts, discarded, result };
};

test('an attempt that is answered is the only one', async () => {
  const { attempts, clock, result } = stage(5_000);
  await clock.advance(499);
  attempts[0]?.resolve('first');
  expect(await result).toBe('first');
  await clock.advance(5_000);
  expect(attempts).toHaveLength(1);
  expect(clock.timersWaiting).toBe(0);
});

test('while none is answered others begin, and the first answer decides', async () => {
  const { attempts, clock, discarded, result } = stage(5_000);
  await clock.advance(1_000);
  expect(attempts).toHaveLength(3);
  attempts[2]?.resolve('third');
  expect(await result).toBe('third');
  attempts[0]?.resolve('first');
  attempts[1]?.reject(new Error('too late to matter'));
  await clock.settle();
  expect(discarded).toEqual(['first']);
});

test('none begins after its time, and the last may still be answered', async () => {
  const { attempts, clock, result } = stage(1_200);
  await clock.advance(60_000);
  expect(attempts).toHaveLength(3);
  attempts[0]?.reject(new Error('refused'));
  await expect(result).rejects.toThrow('refused');
});

test('without time there is one attempt', async () => {
  const { attempts, clock } = stage(0);
  await clock.advance(60_000);
  expect(attempts).toHaveLength(1);
});
