import { taskIdStem } from '@millrace/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KnownTasks } from './known-tasks.ts';

const id = fc.string({ minLength: 1, maxLength: 4 });

test('an id that was on disk or in memory is never taken for new', () => {
  const step = fc.record({ id, leaves: fc.boolean() });
  fc.assert(
    fc.property(fc.array(id, { minLength: 1 }), fc.array(step), (onDisk, steps) => {
      const known = new KnownTasks<string>(onDisk.toSorted().at(-1) ?? '');
      const inMemory = new Set<string>();
      for (const { id: taskId, leaves } of steps) {
        known.add(taskId, `task ${taskId}`);
        inMemory.add(taskId);
        if (leaves) {
          known.leave(taskId);
          inMemory.delete(taskId);
        }
      }
      const were = [...onDisk, ...steps.map((each) => each.id)];
      expect(were.filter((each) => known.look(each) === undefined)).toEqual([]);
      expect([...known.values()].toSorted()).toEqual(
        [...inMemory].map((each) => `task ${each}`).toSorted(),
      );
    }),
  );
});

test('an ascending id is new until it is added, however many were added before', () => {
  const known = new KnownTasks<number>('a');
  for (let i = 0; i < 50_000; i++) {
    const next = `b${String(i).padStart(6, '0')}`;
    expect(known.look(next)).toBeUndefined();
    known.add(next, i);
    expect(known.look(next)).toBe(i);
    known.leave(next);
    expect(known.look(next)).toBeNull();
    expect(known.get(next)).toBeUndefined();
  }
  expect(known.look('b000000')).toBeNull();
});

test('a task that stays in memory is known after the mark was raised', () => {
  const known = new KnownTasks<string>('a');
  known.add('c', 'stays');
  for (let i = 0; i < 20_000; i++) {
    known.add(`b${i}`, 'leaves');
    known.leave(`b${i}`);
  }
  expect([known.get('c'), known.look('b7')]).toEqual(['stays', null]);
  expect(known.look('bb')).toBeNull();
  expect(known.look('d')).toBeUndefined();
});

test('an id that arrives out of order is new while the mark is below it', () => {
  const known = new KnownTasks<string>('a');
  known.add('c', 'task');
  known.leave('c');
  expect(known.look('b')).toBeUndefined();
});

test('an id that leaves memory is remembered, however often the mark was raised', () => {
  const known = new KnownTasks<string>('');
  const pass = (taskId: string): void => {
    known.add(taskId, 'task');
    known.leave(taskId);
  };
  for (let i = 0; i < 20_000; i++) {
    const stem = String(i).padStart(taskIdStem('0'.repeat(64)).length, '0');
    pass(`${stem}a`);
    pass(`${stem}b`);
    expect([known.look(`${stem}a`), known.look(`${stem}b`)]).toEqual([null, null]);
  }
});

test('ids with a common stem are remembered as one', () => {
  const stem = '0'.repeat(taskIdStem('0'.repeat(64)).length);
  const known = new KnownTasks<string>('');
  known.add(`${stem}000`, 'task');
  known.add('1', 'another');
  expect(known.look(`${stem}001`)).toBeUndefined();
  known.leave(`${stem}000`);
  expect([known.look(`${stem}000`), known.look(`${stem}001`)]).toEqual([null, null]);
});
