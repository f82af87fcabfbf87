import type { Clock } from '@millrace/protocol';

/**
 * The phases at the end of a turn of the event loop, in order. Before them the turn has
 * taken in its input: frames that arrived, timers that fired, a commit that ended.
 *
 * 1. `claim`: pools and getters with room claim ready tasks. This phase is the first,
 *    because an idle worker has nothing to do before its grants, which leave at once.
 * 2. `settle`: reports that nobody waits for are settled.
 * 3. `commit`: the batch with all changes of this turn goes to the disk.
 * 4. `send`: each connection sends what the turn produced for it.
 * 5. `readAhead`: lanes whose windows ran low read on, while the workers are busy.
 */
const phases = ['claim', 'settle', 'commit', 'send', 'readAhead'] as const;
export type Phase = (typeof phases)[number];

/** Work of one phase, in the order in which it was planned. */
class Agenda {
  #runs: (() => void)[] = [];
  #done = 0;

  add(run: () => void): void {
    this.#runs.push(run);
  }

  next(): (() => void) | undefined {
    const run = this.#runs[this.#done];
    if (run === undefined) {
      this.#runs = [];
      this.#done = 0;
    } else {
      this.#done += 1;
    }
    return run;
  }

  get isEmpty(): boolean {
    return this.#done === this.#runs.length;
  }
}

/**
 * The end of a turn of the manager's event loop. All work for the end of a turn is planned
 * here, so that the order of a turn is the order of `phases`.
 */
export class Turn {
  /** A clock for connections: work for its `endOfTurn` runs in the phase `send`. */
  readonly clock: Clock;
  readonly #plan: Clock['endOfTurn'];
  readonly #agendas = phases.map((name) => ({ name, agenda: new Agenda() }));
  #isPlanned = false;

  constructor(clock: Clock) {
    this.#plan = (run) => clock.endOfTurn(run);
    this.clock = {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs(),
      after: (delayMs, run) => clock.after(delayMs, run),
      endOfTurn: (run) => this.at('send', run),
    };
  }

  /** Runs something once, in this phase of the present turn. */
  at(phase: Phase, run: () => void): void {
    this.#agendas.find(({ name }) => name === phase)?.agenda.add(run);
    this.#planEnd();
  }

  #planEnd(): void {
    if (!this.#isPlanned) {
      this.#isPlanned = true;
      this.#plan(() => this.#end());
    }
  }

  /**
   * Runs all work, earliest phase first. Work may plan more, also for an earlier phase, which
   * then runs next.
   */
  #end(): void {
    this.#isPlanned = false;
    try {
      for (let run = this.#next(); run !== undefined; run = this.#next()) {
        run();
      }
    } finally {
      // If work threw and the process goes on, the rest runs at another end of turn.
      if (this.#agendas.some(({ agenda }) => !agenda.isEmpty)) {
        this.#planEnd();
      }
    }
  }

  #next(): (() => void) | undefined {
    for (const { agenda } of this.#agendas) {
      if (!agenda.isEmpty) {
        return agenda.next();
      }
    }
    return undefined;
  }
}
