import { taskStates } from '@millrace/protocol';
import { describe, expect, test } from 'vitest';
import { isFinished, move, type TaskMove, taskMoves } from './task-machine.ts';

const legal: readonly (readonly [string, TaskMove, string])[] = [
  ['scheduled', 'fallDue', 'ready'],
  ['scheduled', 'cancel', 'cancelled'],
  ['scheduled', 'expire', 'expired'],
  ['ready', 'lease', 'leased'],
  ['ready', 'cancel', 'cancelled'],
  ['ready', 'expire', 'expired'],
  ['leased', 'succeed', 'succeeded'],
  ['leased', 'retry', 'scheduled'],
  ['leased', 'return', 'ready'],
  ['leased', 'die', 'dead'],
  ['leased', 'cancel', 'cancelled'],
];

const every = taskStates.flatMap((from) =>
  [...new Set(legal.map(([, name]) => name))].map((name) => [from, name] as const),
);

describe('a task', () => {
  test.each(every)('in state %s makes the move %s, or refuses it', (from, name) => {
    const task = { id: 't1', state: from };
    const to = legal.find(([state, by]) => state === from && by === name)?.[2];
    if (to === undefined) {
      expect(() => move(task, name)).toThrow(`invalid move [${from} -> ${name}] of task t1`);
      expect(task.state).toBe(from);
    } else {
      move(task, name);
      expect(task.state).toBe(to);
    }
  });

  test('has no other moves than these', () => {
    const moves = Object.entries(taskMoves).flatMap(([from, names]) =>
      Object.entries(names).map(([name, to]) => [from, name, to]),
    );
    expect(moves).toEqual(legal);
  });

  test('never leaves a final state', () => {
    for (const state of taskStates) {
      expect(Object.keys(taskMoves[state]).length === 0).toBe(isFinished(state));
    }
  });
});
