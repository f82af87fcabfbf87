import { eraseSchedule, findSchedule } from '../schedules.ts';
import type { State } from '../state.ts';
import { refuseOtherOrigin } from './schedule.ts';

export type RemoveScheduleAnswer =
  | 'removed'
  | 'UNKNOWN_SCHEDULE'
  | { readonly refused: 'BAD_OPTION'; readonly message: string };

/** Removes a schedule with its history. Tasks that it made stay. */
export const removeSchedule = (state: State, name: string): RemoveScheduleAnswer => {
  const known = findSchedule(state, name);
  if (known === undefined) {
    return 'UNKNOWN_SCHEDULE';
  }
  const foreign = refuseOtherOrigin(name, known, 'api');
  if (foreign !== undefined) {
    return { refused: 'BAD_OPTION', message: foreign.message };
  }
  eraseSchedule(state, name, known);
  return 'removed';
};
