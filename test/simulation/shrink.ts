import type { Plan } from './plan.ts';
import { hasFailed, type RunReport, runPlan } from './run-seed.ts';

/** The kinds of failures of a run. A smaller plan must fail with one of the same kinds. */
export const kindsOf = ({ breaches, verdict }: RunReport): Set<string> =>
  new Set([
    ...verdict.failures.map((failure) => failure.class),
    // A breach is known by its beginning, since names and numbers in it differ from run to run.
    ...breaches.map((breach) => breach.slice(0, 12)),
  ]);

type List = 'faults' | 'orders' | 'pauses';

/** The most runs that one failure may cost to shrink. */
const RUNS_MAX = 300;

/** Removes faults, orders and pauses from a plan as long as it still fails in the same way. */
export class Shrinker {
  readonly #kinds: ReadonlySet<string>;
  #best: RunReport;
  #runs = 0;

  constructor(failed: RunReport) {
    this.#kinds = kindsOf(failed);
    this.#best = failed;
  }

  async shrink(): Promise<RunReport> {
    let size = Number.POSITIVE_INFINITY;
    while (this.#size < size && this.#runs < RUNS_MAX) {
      size = this.#size;
      await this.#shrinkList('faults');
      await this.#shrinkList('orders');
      await this.#shrinkList('pauses');
    }
    return this.#best;
  }

  get #size(): number {
    const { faults, orders, pauses } = this.#best.plan;
    return faults.length + orders.length + pauses.length;
  }

  /** Tries to remove halves, then quarters, down to single entries. */
  async #shrinkList(list: List): Promise<void> {
    let length = Math.ceil(this.#best.plan[list].length / 2);
    while (length >= 1 && this.#runs < RUNS_MAX) {
      await this.#leaveOut(list, length);
      length = length === 1 ? 0 : Math.ceil(length / 2);
    }
  }

  async #leaveOut(list: List, length: number): Promise<void> {
    let start = 0;
    while (start < this.#best.plan[list].length && this.#runs < RUNS_MAX) {
      const { plan } = this.#best;
      const rest = [...plan[list].slice(0, start), ...plan[list].slice(start + length)];
      if (!(await this.#tryPlan({ ...plan, [list]: rest }))) {
        start += length;
      }
    }
  }

  async #tryPlan(plan: Plan): Promise<boolean> {
    this.#runs += 1;
    const report = await runPlan(plan);
    const isSame = hasFailed(report) && [...kindsOf(report)].some((kind) => this.#kinds.has(kind));
    if (isSame) {
      this.#best = report;
    }
    return isSame;
  }
}
