import { type Cancel, type Clock, limits } from '@millrace/protocol';
import { Chain } from '../structures/chain.ts';
import { Seat } from '../structures/seat.ts';
import { type TimedEntry, Timetable } from '../structures/timetable.ts';
import { tuning } from '../tuning.ts';

/** A session, as far as its presence needs it. */
export interface Present {
  readonly keyId: string;
  /** Whether it is a client, which may have nothing to say for long. A worker always waits for tasks. */
  readonly isClient: boolean;
  /** Whether a request, a lease or bytes to send are open. */
  isBusy(): boolean;
  /** Asks its client to leave until it has something to say. */
  dismiss(): void;
}

export interface PresenceOptions {
  /** A session that says nothing for this long is dismissed; 0 for never. */
  readonly idleSessionMs: number;
  readonly sessionsMax: number;
  readonly sessionsPerKeyMax: number;
  readonly sessionsPerAddressMax: number;
}

/** Sessions that share a bound: all of them, those of one key, or those of one address. */
class Group {
  /** Its clients, the one that has been silent for longest first. */
  readonly clients = new Chain<Seat<Attendee>>();
  count = 0;
}

/** A session that is present, with its places in the order of silence. */
export class Attendee implements TimedEntry<Attendee> {
  atMs = 0;
  line: TimedEntry<Attendee>['line'];
  before: Attendee | undefined;
  next: Attendee | undefined;
  readonly session: Present;
  readonly address: string;
  readonly seats: readonly Seat<Attendee>[];
  readonly groups: readonly Group[];
  activeAtMs: number;
  isIdle = false;
  hasLeft = false;

  constructor(session: Present, address: string, groups: readonly Group[], nowMs: number) {
    this.session = session;
    this.address = address;
    this.groups = groups;
    this.seats = groups.map(() => new Seat<Attendee>(this));
    this.activeAtMs = nowMs;
  }
}

export interface PresenceReport {
  /** Clients that have had nothing to say for a while. */
  readonly idle: number;
  /** Total of the clients that were dismissed. */
  readonly dismissed: number;
  /** Total of the sessions that found a bound reached. */
  readonly refused: number;
}

/** The address without the port. */
const hostOf = (remoteAddress: string): string =>
  remoteAddress.slice(0, Math.max(0, remoteAddress.lastIndexOf(':')));

/**
 * Counts the sessions that are present, for each key and each address, and knows which
 * clients have been silent for longest. A client without a request, a lease or a waiter
 * is dismissed when its time is over, and earlier when a bound is reached and it has been
 * silent for longer than all others. Every look is at the first of an order; no look is at
 * all sessions.
 */
export class Presence {
  readonly #clock: Clock;
  readonly #options: PresenceOptions;
  readonly #all = new Group();
  readonly #keys = new Map<string, Group>();
  readonly #addresses = new Map<string, Group>();
  /** Clients that said something lately, and clients that did not. */
  readonly #fresh = new Timetable<Attendee>();
  readonly #idle = new Timetable<Attendee>();
  readonly #touchMs: number;
  readonly #freshMs: number;
  readonly #idleMs: number;
  #idleCount = 0;
  #dismissed = 0;
  #refused = 0;
  #armedAtMs = Number.POSITIVE_INFINITY;
  #disarm: Cancel = () => {};

  constructor(clock: Clock, options: PresenceOptions) {
    const { idleSessionMs } = options;
    this.#clock = clock;
    this.#options = options;
    this.#touchMs =
      idleSessionMs === 0 ? tuning.touchMs : Math.min(tuning.touchMs, idleSessionMs / 10);
    this.#freshMs =
      idleSessionMs === 0
        ? limits.idleShownMs
        : Math.min(limits.idleShownMs, Math.ceil(idleSessionMs / 2));
    this.#idleMs = idleSessionMs === 0 ? Number.POSITIVE_INFINITY : idleSessionMs - this.#freshMs;
  }

  report(): PresenceReport {
    return { idle: this.#idleCount, dismissed: this.#dismissed, refused: this.#refused };
  }

  /** A session is present. Answers undefined where a bound is reached and no client can be dismissed. */
  enter(session: Present, remoteAddress: string): Attendee | undefined {
    const nowMs = this.#clock.monotonicMs();
    const address = hostOf(remoteAddress);
    const { sessionsMax, sessionsPerAddressMax, sessionsPerKeyMax } = this.#options;
    const hasRoom =
      this.#makeRoom(this.#addresses.get(address), sessionsPerAddressMax, nowMs) &&
      this.#makeRoom(this.#keys.get(session.keyId), sessionsPerKeyMax, nowMs) &&
      this.#makeRoom(this.#all, sessionsMax, nowMs);
    if (!hasRoom) {
      this.#refused += 1;
      return undefined;
    }
    const groups = [
      this.#all,
      groupIn(this.#keys, session.keyId),
      groupIn(this.#addresses, address),
    ];
    const attendee = new Attendee(session, address, groups, nowMs);
    for (const group of groups) {
      group.count += 1;
    }
    if (session.isClient) {
      this.#seat(attendee);
      this.#wait(attendee, false, nowMs);
    }
    return attendee;
  }

  /** The session said something. Called for each of its frames. */
  touch(attendee: Attendee): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - attendee.activeAtMs >= this.#touchMs && !attendee.hasLeft) {
      this.#renew(attendee, nowMs);
    }
  }

  /** The session is no longer present. */
  leave(attendee: Attendee): void {
    if (attendee.hasLeft) {
      return;
    }
    attendee.hasLeft = true;
    if (attendee.session.isClient) {
      this.#unseat(attendee);
      this.#stopWaiting(attendee);
    }
    for (const group of attendee.groups) {
      group.count -= 1;
    }
    forgetEmpty(this.#keys, attendee.session.keyId);
    forgetEmpty(this.#addresses, attendee.address);
  }

  stop(): void {
    this.#disarm();
  }

  #renew(attendee: Attendee, nowMs: number): void {
    attendee.activeAtMs = nowMs;
    if (attendee.session.isClient) {
      this.#unseat(attendee);
      this.#seat(attendee);
      this.#stopWaiting(attendee);
      this.#wait(attendee, false, nowMs);
    }
  }

  #seat({ groups, seats }: Attendee): void {
    for (const [index, seat] of seats.entries()) {
      groups[index]?.clients.add(seat);
    }
  }

  #unseat({ groups, seats }: Attendee): void {
    for (const [index, seat] of seats.entries()) {
      groups[index]?.clients.remove(seat);
    }
  }

  #wait(attendee: Attendee, isIdle: boolean, nowMs: number): void {
    attendee.isIdle = isIdle;
    if (isIdle) {
      this.#idleCount += 1;
      this.#idle.add(attendee, this.#idleMs, nowMs);
    } else {
      this.#fresh.add(attendee, this.#freshMs, nowMs);
    }
    if (attendee.atMs < this.#armedAtMs) {
      this.#arm(attendee.atMs);
    }
  }

  #stopWaiting(attendee: Attendee): void {
    if (attendee.isIdle) {
      this.#idleCount -= 1;
      this.#idle.remove(attendee);
    } else {
      this.#fresh.remove(attendee);
    }
  }

  #makeRoom(group: Group | undefined, most: number, nowMs: number): boolean {
    return group === undefined || group.count < most || this.#dismissOne(group, nowMs);
  }

  /** Dismisses the client of a group that has been silent for longest, if it has nothing open. */
  #dismissOne(group: Group, nowMs: number): boolean {
    for (let looks = 0; looks < tuning.idleLooksMax; looks++) {
      const attendee = group.clients.first?.of;
      if (attendee === undefined || nowMs - attendee.activeAtMs < limits.dismissibleMs) {
        return false;
      }
      if (!attendee.session.isBusy()) {
        this.#dismiss(attendee);
        return true;
      }
      this.#renew(attendee, nowMs);
    }
    return false;
  }

  /** The place of the client is free at once; the client ends its connection when it hears of it. */
  #dismiss(attendee: Attendee): void {
    this.#dismissed += 1;
    this.leave(attendee);
    attendee.session.dismiss();
  }

  #arm(atMs: number): void {
    this.#disarm();
    this.#armedAtMs = atMs;
    const inMs = Math.ceil(Math.max(0, atMs - this.#clock.monotonicMs()));
    this.#disarm = this.#clock.after(inMs, () => this.#lookAtDue());
  }

  #lookAtDue(): void {
    this.#armedAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonicMs();
    for (const table of [this.#fresh, this.#idle]) {
      for (let { first } = table; first && first.atMs <= nowMs; { first } = table) {
        this.#lookAt(first, nowMs);
      }
    }
    const nextMs = Math.min(
      this.#fresh.first?.atMs ?? Number.POSITIVE_INFINITY,
      this.#idle.first?.atMs ?? Number.POSITIVE_INFINITY,
    );
    if (nextMs < this.#armedAtMs) {
      this.#arm(nextMs);
    }
  }

  #lookAt(attendee: Attendee, nowMs: number): void {
    if (attendee.session.isBusy()) {
      this.#renew(attendee, nowMs);
    } else if (attendee.isIdle) {
      this.#dismiss(attendee);
    } else {
      this.#stopWaiting(attendee);
      this.#wait(attendee, true, nowMs);
    }
  }
}

const groupIn = (groups: Map<string, Group>, key: string): Group => {
  const group = groups.get(key) ?? new Group();
  groups.set(key, group);
  return group;
};

const forgetEmpty = (groups: Map<string, Group>, key: string): void => {
  if (groups.get(key)?.count === 0) {
    groups.delete(key);
  }
};
