import type { Clock, RandomBytes } from '@millrace/protocol';
import type { Random } from '../support/random.ts';
import type { EventOwner, SimEvent } from './event-heap.ts';
import { WORLD_BEGINS_AT_MS, type World } from './world.ts';

/** A machine. The processes that run on it, one after another, share its wall clock. */
export interface SimHost {
  readonly address: string;
  wallOffsetMs: number;
}

/** The longest time in which one turn of an event loop takes in input. */
const TURN_MAX_MS = 2;
/** After a pause, a process reads its sockets in any order within this time. */
const WAKE_MAX_MS = 1;
const MONOTONIC_ORIGIN_MAX_MS = 1_000_000;

/** Reasons for which a process runs no events: it is stopped from outside, or its code blocks its loop. */
type Hold = 'stopped' | 'blocked';

/** One life of a process, which begins once, may be paused, and ends once. */
export class SimProcess implements EventOwner {
  readonly name: string;
  readonly address: string;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly #world: World;
  readonly #random: Random;
  #isAlive = true;
  readonly #holds = new Set<Hold>();
  #held: SimEvent[] = [];
  #turnEndsAtMs = -1;
  #resumedAtMs = 0;

  constructor(world: World, name: string, host: SimHost) {
    this.name = name;
    this.address = host.address;
    this.#world = world;
    this.#random = world.random(`process ${name}`);
    // Monotonic clocks of two processes have nothing in common.
    const originMs = this.#random.between(0, MONOTONIC_ORIGIN_MAX_MS);
    this.clock = {
      monotonicMs: () => world.nowMs + originMs,
      wallMs: () => Math.floor(WORLD_BEGINS_AT_MS + world.nowMs + host.wallOffsetMs),
      after: (delayMs, run) => world.plan(delayMs, this, run, 'timer'),
      endOfTurn: (run) => void world.plan(this.#untilTurnEndsMs(), this, run, 'turn'),
    };
    this.randomBytes = (bytes) => this.#random.bytes(bytes);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#holds.size > 0;
  }

  /** When the last pause ended. */
  get resumedAtMs(): number {
    return this.#resumedAtMs;
  }

  die(): void {
    this.#isAlive = false;
    this.#held = [];
  }

  pause(hold: Hold = 'stopped'): void {
    this.#holds.add(hold);
  }

  /**
   * Runs the events that were held, unless something else still holds the process. Events of one
   * channel run in their order, and the channels in any order.
   */
  resume(hold: Hold = 'stopped'): void {
    this.#holds.delete(hold);
    if (this.isPaused) {
      return;
    }
    this.#resumedAtMs = this.#world.nowMs;
    const delays = new Map<string, number>();
    for (const event of this.#held.splice(0)) {
      const delayMs = delays.get(event.channel) ?? this.#random.next() * WAKE_MAX_MS;
      delays.set(event.channel, delayMs);
      this.#world.replan(event, delayMs);
    }
  }

  hold(event: SimEvent): void {
    this.#held.push(event);
  }

  #untilTurnEndsMs(): number {
    const { nowMs } = this.#world;
    if (this.#turnEndsAtMs <= nowMs) {
      this.#turnEndsAtMs = nowMs + this.#random.next() ** 4 * TURN_MAX_MS;
    }
    return this.#turnEndsAtMs - nowMs;
  }
}
