import { limits } from '@millrace/protocol';
import type { Handles } from '../engine/core/handles.ts';
import type { ClaimRequest, Grant } from '../engine/core/verbs/claim.ts';
import type { Engine } from '../engine/engine.ts';
import { tuning } from '../tuning.ts';
import { type Claimant, Claimants } from './claimants.ts';

/** Whether the engine had no more tasks for a claimant. A claim that reached its bytes may have left some. */
const isShort = (grants: readonly Grant[], asked: number): boolean =>
  grants.length < asked &&
  grants.reduce((sum, { payload }) => sum + payload.length, 0) < limits.claimMaxBytes;

/**
 * Subtracts the grants of one claim from the announced tasks. A claim that took all there was
 * leaves none in its lanes.
 */
const account = (
  announced: Map<string, number>,
  handles: Handles,
  grants: readonly Grant[],
  tookAll: boolean,
): void => {
  if (announced.size === 0) {
    return;
  }
  if (tookAll) {
    for (const laneKey of announced.keys()) {
      if (handles.positionOf(laneKey) !== undefined) {
        announced.delete(laneKey);
      }
    }
    return;
  }
  for (const { handle } of grants) {
    const laneKey = handles.laneKeys[handle] ?? '';
    const left = announced.get(laneKey);
    if (left !== undefined) {
      announced.set(laneKey, left - 1);
    }
  }
};

/**
 * Brings ready tasks and claimants together. A claimant that gains room claims in the
 * phase `claim` of the turn. A claimant that got less than it has room for is idle until
 * a lane that it handles announces tasks; then the longest idle claimant claims first.
 *
 * Invariant: a task that was announced while somebody was idle for it is claimed, or a
 * claimant that handles it has claimed in vain, or one is about to claim.
 */
export class Dispatcher {
  readonly #engine: Engine;
  readonly #claimants = new Claimants();
  /** Claimants that claim in the next phase `claim`. */
  #hungry = new Set<Claimant>();
  /** Claimants with room whose connection is congested. */
  readonly #congested = new Set<Claimant>();
  /**
   * Announced tasks by lane, until a claim accounts for them: a claimant that was woken
   * for one may take another, or leave.
   */
  #announced = new Map<string, number>();
  #isPlanned = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** A claimant has room. */
  wants(claimant: Claimant): void {
    this.#hungry.add(claimant);
    this.#plan();
  }

  /** A claimant is gone. If it was woken for a task, the next claim wakes another claimant for that task. */
  leaves(claimant: Claimant): void {
    this.#congested.delete(claimant);
    this.#claimants.leaves(claimant);
    this.#hungry.delete(claimant);
  }

  /** At most `count` more tasks of a lane can be claimed. Hungry claimants find them without being woken. */
  ready(laneKey: string, count: number): void {
    if (this.#claimants.longestIdle(laneKey) !== undefined) {
      this.#announced.set(laneKey, (this.#announced.get(laneKey) ?? 0) + count);
      this.#wake(laneKey, count);
    }
  }

  /** Wakes a claimant for each task, as far as there are idle ones; each may have room for just one. */
  #wake(laneKey: string, count: number): void {
    for (let left = count; left > 0; left--) {
      const claimant = this.#claimants.longestIdle(laneKey);
      if (claimant === undefined) {
        break;
      }
      this.#claimants.setBusy(claimant);
      this.#hungry.add(claimant);
    }
    this.#plan();
  }

  #plan(): void {
    if (!this.#isPlanned && this.#hungry.size > 0) {
      this.#isPlanned = true;
      this.#engine.turn.at('claim', () => {
        this.#isPlanned = false;
        this.#claim();
      });
    }
  }

  #claim(): void {
    const asking = this.#takeHungry().map((claimant) => this.#requestOf(claimant));
    const announced = this.#announced;
    this.#announced = new Map();
    // A failed claim means a failed store, which ends the manager by itself.
    const grants = asking.length === 0 || this.#engine.hasFailed ? [] : this.#engine.claim(asking);
    for (const [index, { claimant, handles, max }] of asking.entries()) {
      const dealt = grants[index] ?? [];
      const tookAll = isShort(dealt, max);
      account(announced, handles, dealt, tookAll);
      this.#deal(claimant, dealt, tookAll);
    }
    this.#announceAgain(announced);
    this.#plan();
  }

  #requestOf(claimant: Claimant): ClaimRequest & { readonly claimant: Claimant } {
    return {
      claimant,
      sessionId: claimant.peer.sessionId,
      handles: this.#claimants.handlesOf(claimant),
      max: Math.min(tuning.claimMaxTasks, claimant.room()),
      maxBytes: limits.claimMaxBytes,
      isolates: claimant.isolates,
    };
  }

  /**
   * The claimants that can be dealt to now. A congested claimant claims again when its
   * connection is drained.
   */
  #takeHungry(): Claimant[] {
    const hungry = [...this.#hungry];
    this.#hungry = new Set();
    return hungry.filter((claimant) => {
      this.#claimants.setBusy(claimant);
      if (claimant.peer.isCongested) {
        this.#awaitDrain(claimant);
        return false;
      }
      return claimant.room() > 0;
    });
  }

  #awaitDrain(claimant: Claimant): void {
    if (!this.#congested.has(claimant)) {
      this.#congested.add(claimant);
      claimant.peer.onceDrained(() => {
        if (this.#congested.delete(claimant)) {
          this.wants(claimant);
        }
      });
    }
  }

  #deal(claimant: Claimant, grants: readonly Grant[], tookAll: boolean): void {
    claimant.take(grants);
    if (claimant.room() === 0) {
      return;
    }
    if (tookAll) {
      this.#claimants.setIdle(claimant);
    } else {
      this.#hungry.add(claimant);
    }
  }

  /** Announced tasks that no claim accounted for may still be there for idle claimants. */
  #announceAgain(announced: ReadonlyMap<string, number>): void {
    for (const [laneKey, count] of announced) {
      if (count > 0 && this.#claimants.longestIdle(laneKey) !== undefined) {
        this.#announced.set(laneKey, (this.#announced.get(laneKey) ?? 0) + count);
        this.#wake(laneKey, count);
      }
    }
  }
}
