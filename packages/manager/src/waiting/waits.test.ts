import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../protocol/src/testing/manual-clock.ts';
import { Waits } from './waits.ts';

describe('waits', () => {
  test('expire in the order of their times, behind one timer', async () => {
    const clock = new ManualClock();
    const waits = new Waits(clock);
    const expired: string[] = [];
    for (const [name, waitMs] of [
      ['third', 30],
      ['first', 10],
      ['second', 20],
    ] as const) {
      waits.after(waitMs, () => expired.push(name));
    }
    expect(clock.timersWaiting).toBe(1);
    await clock.advance(20);
    expect(expired).toEqual(['first', 'second']);
    expect(waits.isEmpty).toBe(false);
    await clock.advance(10);
    expect(expired).toEqual(['first', 'second', 'third']);
    expect(waits.isEmpty).toBe(true);
    expect(clock.timersWaiting).toBe(0);
  });

  test('that are removed do not expire, and can be removed twice', async () => {
    const clock = new ManualClock();
    const waits = new Waits(clock);
    const expired: string[] = [];
    const gone = waits.after(10, () => expired.push('gone'));
    waits.after(10, () => expired.push('stays'));
    waits.remove(gone);
    waits.remove(gone);
    await clock.advance(10);
    waits.remove(gone);
    expect(expired).toEqual(['stays']);
  });

  test('may be added and removed while others expire', async () => {
    const clock = new ManualClock();
    const waits = new Waits(clock);
    const expired: string[] = [];
    const other = waits.after(10, () => expired.push('other'));
    waits.after(9, () => {
      waits.remove(other);
      waits.after(0, () => expired.push('at once'));
      waits.after(5, () => expired.push('later'));
    });
    await clock.advance(9);
    expect(expired).toEqual(['at once']);
    await clock.advance(5);
    expect(expired).toEqual(['at once', 'later']);
  });

  test('leave no timer behind when they are stopped', () => {
    const clock = new ManualClock();
    const waits = new Waits(clock);
    waits.after(10, () => {});
    waits.stop();
    expect(clock.timersWaiting).toBe(0);
  });
});
