import { limits } from '@millrace/protocol';
import { nameOfScheduleKey, scheduleKey, scheduleOfRunKey, specKey } from '../rows/keys.ts';
import { decodeRun, decodeSchedule, decodeSpec, type Schedule } from '../rows/schedule-record.ts';

/**
 * Compares the rows of schedules with one another: each schedule has what it was asked to be, its
 * runs, and a row of the time index unless it sleeps. A row of the index may name a schedule that
 * has moved on.
 */
export class ScheduleCheck {
  readonly #find: (finding: string) => void;
  readonly #woken = new Set<string>();
  readonly #specs = new Set<string>();
  readonly #runs = new Map<string, number>();
  readonly #schedules = new Map<string, Schedule>();

  constructor(find: (finding: string) => void) {
    this.#find = find;
  }

  ticks(atMs: number, names: readonly string[]): void {
    for (const name of names) {
      this.#woken.add(`${atMs} ${name}`);
    }
  }

  spec(key: string, record: Uint8Array): void {
    const { name } = decodeSpec(record);
    this.#specs.add(specKey(name));
    if (specKey(name) !== key) {
      this.#find(`the row ${JSON.stringify(key)} holds the schedule ${JSON.stringify(name)}`);
    }
  }

  run(key: string, record: Uint8Array): void {
    decodeRun(record);
    const schedule = scheduleOfRunKey(key);
    this.#runs.set(schedule, (this.#runs.get(schedule) ?? 0) + 1);
  }

  schedule(key: string, record: Uint8Array): void {
    this.#schedules.set(nameOfScheduleKey(key), decodeSchedule(record));
  }

  /** Call this after all rows. */
  end(): void {
    for (const [name, schedule] of this.#schedules) {
      this.#compare(name, schedule);
    }
    for (const key of [...this.#specs, ...this.#runs.keys()]) {
      const name = nameOfScheduleKey(key);
      if (!this.#schedules.has(name)) {
        this.#find(
          `the store has rows of the schedule ${JSON.stringify(name)}, which is not there`,
        );
      }
    }
  }

  #compare(name: string, { isPaused, nextAtMs, noted, wakeAtMs }: Schedule): void {
    const about = `the schedule ${JSON.stringify(name)}`;
    const runs = this.#runs.get(scheduleKey(name)) ?? 0;
    const wanted = Math.min(noted, limits.scheduleRunsMax);
    if (!this.#specs.has(specKey(name))) {
      this.#find(`${about} does not say what it was asked to be`);
    }
    if (runs !== wanted) {
      this.#find(`${about} has ${runs} of ${wanted} runs`);
    }
    if ((wakeAtMs === undefined) !== (isPaused || nextAtMs === undefined)) {
      this.#find(`${about} sleeps although it has a tick, or the reverse`);
    }
    if (wakeAtMs !== undefined && !this.#woken.has(`${wakeAtMs} ${name}`)) {
      this.#find(`no ticks row names ${about}`);
    }
  }
}
