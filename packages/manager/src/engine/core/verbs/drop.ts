import { type DeadRefused, findDead } from '../dead-task.ts';
import type { State } from '../state.ts';
import { dropResult } from '../transitions.ts';

export type DropAnswer = 'dropped' | DeadRefused;

const dropOne = (state: State, taskId: string): DropAnswer => {
  const dead = findDead(state, taskId);
  if ('refused' in dead) {
    return dead;
  }
  dropResult(state, dead);
  return 'dropped';
};

/** Removes dead tasks before their retention ends. */
export const drop = (state: State, taskIds: readonly string[]): DropAnswer[] =>
  taskIds.map((taskId) => dropOne(state, taskId));
