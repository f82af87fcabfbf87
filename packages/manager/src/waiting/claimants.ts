import { TurnoverMap } from '@millrace/protocol';
import { type Handle, Handles } from '../engine/core/handles.ts';
import type { Grant } from '../engine/core/verbs/claim.ts';
import type { Peer } from './peer.ts';

/** Somebody with room for tasks of some handles: a worker's pool, or a waiting `get`. */
export interface Claimant {
  readonly peer: Peer;
  readonly handles: readonly Handle[];
  /** Whether it runs a suspect in a process of its own. */
  readonly isolates: boolean;
  /** Tasks that it can take now. */
  room(): number;
  take(grants: readonly Grant[]): void;
}

/** Claimants with the same handles, such as the workers that run one program. */
class Group {
  /** The handles as JSON; groups are found by it. */
  readonly list: string;
  readonly handles: Handles;
  size = 0;
  /** Its idle claimants, longest idle first, each with a number that rises with each that becomes idle. */
  readonly idle = new Map<Claimant, number>();

  constructor(list: string, handles: Handles) {
    this.list = list;
    this.handles = handles;
  }
}

/**
 * All claimants, and which of them are idle. Becoming idle or busy costs the same with a
 * thousand handles as with one: a lane knows the groups that handle it, and a group its
 * idle claimants.
 */
export class Claimants {
  /** By the list of their handles. */
  readonly #groups = new Map<string, Group>();
  readonly #groupOf = new TurnoverMap<Claimant, Group>();
  readonly #groupsOfLane = new Map<string, Set<Group>>();
  #becameIdle = 0;

  /** The handles of a claimant, one object for all with the same list. The claimant is known until it leaves. */
  handlesOf(claimant: Claimant): Handles {
    return this.#join(claimant).handles;
  }

  #join(claimant: Claimant): Group {
    const known = this.#groupOf.get(claimant);
    if (known !== undefined) {
      return known;
    }
    const list = JSON.stringify(claimant.handles);
    const group =
      this.#groups.get(list) ?? this.#open(new Group(list, new Handles(claimant.handles)));
    group.size += 1;
    this.#groupOf.set(claimant, group);
    return group;
  }

  #open(group: Group): Group {
    this.#groups.set(group.list, group);
    for (const laneKey of group.handles.laneKeys) {
      const groups = this.#groupsOfLane.get(laneKey) ?? new Set();
      this.#groupsOfLane.set(laneKey, groups.add(group));
    }
    return group;
  }

  leaves(claimant: Claimant): void {
    const group = this.#groupOf.get(claimant);
    if (group === undefined) {
      return;
    }
    this.#groupOf.delete(claimant);
    group.idle.delete(claimant);
    group.size -= 1;
    if (group.size === 0) {
      this.#close(group);
    }
  }

  #close(group: Group): void {
    this.#groups.delete(group.list);
    for (const laneKey of group.handles.laneKeys) {
      const groups = this.#groupsOfLane.get(laneKey);
      if (groups?.delete(group) && groups.size === 0) {
        this.#groupsOfLane.delete(laneKey);
      }
    }
  }

  /** Does nothing for a claimant that has left meanwhile. */
  setIdle(claimant: Claimant): void {
    this.#becameIdle += 1;
    this.#groupOf.get(claimant)?.idle.set(claimant, this.#becameIdle);
  }

  setBusy(claimant: Claimant): void {
    this.#groupOf.get(claimant)?.idle.delete(claimant);
  }

  /** The longest idle claimant that handles a lane. */
  longestIdle(laneKey: string): Claimant | undefined {
    let longest: Claimant | undefined;
    let longestSince = Number.POSITIVE_INFINITY;
    for (const { idle } of this.#groupsOfLane.get(laneKey) ?? []) {
      const [first] = idle;
      if (first !== undefined && first[1] < longestSince) {
        [longest, longestSince] = first;
      }
    }
    return longest;
  }
}
