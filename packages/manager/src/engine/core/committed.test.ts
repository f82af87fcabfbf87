import type { NewTask } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { CoreStage } from '../../testing/core-stage.ts';
import { tuning } from '../../tuning.ts';
import { add } from './verbs/enqueue.ts';

const replaceable = (taskId: string, payloadBytes: number): NewTask => ({
  taskId,
  queue: 'q',
  name: 'work',
  payload: new Uint8Array(payloadBytes),
  priority: 0,
  delayMs: 0,
  deadlineMs: null,
  attempts: 1,
  expiresInMs: undefined,
  options: { latest: { key: 'k', waitMs: undefined, maxWaitMs: undefined } },
});

test('a large input that replaced another leaves memory once it is durable', async () => {
  const stage = new CoreStage();
  await stage.start();
  const { state } = stage;
  state.declareQueue({ name: 'q', maxItems: 10, maxBytes: 1_000_000, order: 'fifo' });
  add(state, [replaceable('t1', 1)], stage.now);
  await stage.commit();
  const largeBytes = tuning.keptPayloadMaxBytes + 1;
  expect(add(state, [replaceable('t2', largeBytes)], stage.now)).toMatchObject({ created: 0 });
  const task = state.find('t1');
  expect(task?.payload).toHaveLength(largeBytes);
  await stage.commit();
  expect(task?.inWindow).toBe(true);
  expect(task?.payload).toBeUndefined();
  expect(task && state.payloadOf(task)).toHaveLength(largeBytes);
});
