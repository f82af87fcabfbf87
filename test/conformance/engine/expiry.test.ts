import { expect, test } from 'vitest';
import { task } from './engine-stage.ts';
import { onEachEngine } from './on-each-engine.ts';

onEachEngine('expiry', (open) => {
  test('ends a task that is not granted in time', async () => {
    const stage = await open();
    await stage.enqueue(
      task('ready', { expiresInMs: 1_000 }),
      task('scheduled', { expiresInMs: 1_000, delayMs: 2_000 }),
    );
    await stage.advance(1_000);
    expect(await stage.state('ready')).toBe('expired');
    expect(await stage.state('scheduled')).toBe('expired');
    await stage.advance(2_000);
    expect(await stage.claim('a', 9)).toEqual([]);
  });

  test('does not end a task that was granted', async () => {
    const stage = await open();
    await stage.enqueue(task('t1', { expiresInMs: 1_000 }));
    const grant = await stage.claimOne('a');
    await stage.advance(5_000);
    expect(await stage.settle('a', grant, 'succeeded')).toBe('accepted');
  });
});
