/** What memory knows of all schedules; their rows have the rest. */
export class ScheduleBook {
  total = 0;
  paused = 0;
  /** Schedules whose task could not be added when its tick was due, and why. */
  readonly delayed = new Map<string, string>();
  /** The latest instant at which a schedule was planned. An earlier clock was set back since. */
  plannedAtMs = 0;
  /** Where the search for schedules that wait for a lost time goes on; undefined while there is none. */
  searchFrom: string | undefined;
  /** How many schedules went on after the clock was set back, and when the last did, in monotonic time. */
  setBack = 0;
  setBackAtMs = Number.NEGATIVE_INFINITY;
}
