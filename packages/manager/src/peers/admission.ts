import { type Cancel, type Clock, limits } from '@millrace/protocol';
import { Chain } from '../structures/chain.ts';
import { Seat } from '../structures/seat.ts';
import { Tally } from '../structures/tally.ts';

/** A socket, as far as admission needs it. */
export interface Caller {
  readonly remoteAddress?: string | undefined;
  destroy(): unknown;
  once(event: 'close', run: () => void): unknown;
}

/** Bounds on sockets that are not authenticated. */
export interface AdmissionBounds {
  readonly unauthenticatedMaxPerAddress: number;
  readonly unauthenticatedMaxTotal: number;
}

/** Ticks in which a socket keeps its place without progress. */
const KEPT_TICKS = 4;

/** An unauthenticated socket, with its places in the order of all and in that of its address. */
class Guest {
  readonly inAll = new Seat<Guest>(this);
  readonly inAddress = new Seat<Guest>(this);
  readonly address: string;
  readonly caller: Caller;
  readonly stopTimer: Cancel;
  /** The tick in which its handshake last made progress. */
  sinceTick: number;

  constructor(caller: Caller, address: string, sinceTick: number, stopTimer: Cancel) {
    this.caller = caller;
    this.address = address;
    this.sinceTick = sinceTick;
    this.stopTimer = stopTimer;
  }
}

/** Sockets of one address that made room for others, or found none, lately. */
export interface Crowd {
  readonly address: string;
  readonly evicted: number;
  readonly refused: number;
}

/** What admission counts. */
export interface AdmissionReport {
  /** All sockets, authenticated or not. */
  readonly sockets: number;
  /** Sockets that are not authenticated yet. */
  readonly waiting: number;
  /** Totals since the manager started. */
  readonly evicted: number;
  readonly refused: number;
  /** The most crowded addresses of the last moments, the worst first. */
  readonly crowds: readonly Crowd[];
}

/**
 * Bounds everything before authentication: sockets in all, sockets per address, and the
 * time of each. Where a bound is reached, a newcomer takes the place of the socket whose
 * handshake has made no progress for longest: of the newcomer's address first, then of all.
 * A socket keeps its place for `unauthenticatedKeptMs`, so that many peers which arrive
 * together do not evict one another; a newcomer that finds no older socket is refused.
 * Sockets are destroyed without a message.
 */
export class Admission {
  readonly #clock: Clock;
  readonly #bounds: AdmissionBounds;
  readonly #guests = new Map<Caller, Guest>();
  readonly #all = new Chain<Seat<Guest>>();
  readonly #addresses = new Map<string, Chain<Seat<Guest>>>();
  readonly #evictedLately = new Tally(limits.crowdShownMs, limits.crowdsMax);
  readonly #refusedLately = new Tally(limits.crowdShownMs, limits.crowdsMax);
  #sockets = 0;
  #evicted = 0;
  #refused = 0;
  /**
   * Counts time in which the manager attended to its sockets: a turn of the event loop
   * counts one tick at most, however long it takes. Peers whose bytes a busy manager has
   * not read yet are not taken for silent.
   */
  #tick = 0;
  #isTicking = false;

  constructor(clock: Clock, bounds: AdmissionBounds = limits) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  report(): AdmissionReport {
    const nowMs = this.#clock.monotonicMs();
    const evicted = this.#evictedLately.counts(nowMs);
    const refused = this.#refusedLately.counts(nowMs);
    const crowds = [...new Set([...evicted.keys(), ...refused.keys()])].map((address) => ({
      address,
      evicted: evicted.get(address) ?? 0,
      refused: refused.get(address) ?? 0,
    }));
    return {
      sockets: this.#sockets,
      waiting: this.#all.size,
      evicted: this.#evicted,
      refused: this.#refused,
      crowds: crowds.toSorted((a, b) => b.evicted + b.refused - a.evicted - a.refused),
    };
  }

  /** A socket was accepted; it is destroyed if there is no place for it. */
  enter(caller: Caller): void {
    const address = caller.remoteAddress ?? '';
    const nowMs = this.#clock.monotonicMs();
    if (!this.#makeRoom(address, nowMs)) {
      this.#refused += 1;
      this.#refusedLately.count(address, nowMs);
      caller.destroy();
      return;
    }
    // The handshake ends earlier and says why. This timer ends sockets that never upgrade.
    const stopTimer = this.#clock.after(limits.authenticateMaxMs * 2, () => caller.destroy());
    const guest = new Guest(caller, address, this.#tick, stopTimer);
    this.#guests.set(caller, guest);
    this.#seat(guest);
    this.#keepTicking();
    this.#sockets += 1;
    caller.once('close', () => {
      this.#sockets -= 1;
      this.pass(caller);
    });
  }

  /** The handshake of a socket makes progress: others are evicted before it. */
  progress(caller: Caller): void {
    const guest = this.#guests.get(caller);
    if (guest !== undefined) {
      this.#unseat(guest);
      guest.sinceTick = this.#tick;
      this.#seat(guest);
    }
  }

  /** The socket is authenticated, or gone. */
  pass(caller: Caller): void {
    const guest = this.#guests.get(caller);
    if (guest !== undefined) {
      guest.stopTimer();
      this.#guests.delete(caller);
      this.#unseat(guest);
    }
  }

  #keepTicking(): void {
    if (!this.#isTicking && this.#all.size > 0) {
      this.#isTicking = true;
      this.#clock.after(limits.unauthenticatedKeptMs / KEPT_TICKS, () => {
        this.#isTicking = false;
        this.#tick += 1;
        this.#keepTicking();
      });
    }
  }

  #seat({ address, inAddress, inAll }: Guest): void {
    const ofAddress = this.#addresses.get(address) ?? new Chain<Seat<Guest>>();
    this.#addresses.set(address, ofAddress);
    ofAddress.add(inAddress);
    this.#all.add(inAll);
  }

  #unseat({ address, inAddress, inAll }: Guest): void {
    const ofAddress = this.#addresses.get(address);
    ofAddress?.remove(inAddress);
    this.#all.remove(inAll);
    if (ofAddress?.size === 0) {
      this.#addresses.delete(address);
    }
  }

  /** Answers whether there is room for a socket of this address, after an eviction if need be. */
  #makeRoom(address: string, nowMs: number): boolean {
    const ofAddress = this.#addresses.get(address);
    const { unauthenticatedMaxPerAddress, unauthenticatedMaxTotal } = this.#bounds;
    if (ofAddress !== undefined && ofAddress.size >= unauthenticatedMaxPerAddress) {
      return this.#evict(ofAddress.first, nowMs);
    }
    return (
      this.#all.size < unauthenticatedMaxTotal ||
      this.#evict(ofAddress?.first, nowMs) ||
      this.#evict(this.#all.first, nowMs)
    );
  }

  #evict(seat: Seat<Guest> | undefined, nowMs: number): boolean {
    if (seat === undefined || this.#tick - seat.of.sinceTick <= KEPT_TICKS) {
      return false;
    }
    const { address, caller } = seat.of;
    this.#evicted += 1;
    this.#evictedLately.count(address, nowMs);
    this.pass(caller);
    caller.destroy();
    return true;
  }
}
