import type { Cancel } from '@millrace/protocol';
import { hashOf, Random } from '../support/random.ts';
import { EventHeap, type EventOwner, type SimEvent } from './event-heap.ts';
import { Recorder } from './recorder.ts';

/** The number of steps that one turn of Node's event loop takes. */
const STEPS_A_TURN = 256;

/**
 * Calls `step` until it returns false. Node drains the microtasks between two
 * immediates. Many immediates in one turn are faster, because Node polls its sockets
 * once a turn.
 */
const eachWithItsMicrotasks = (step: () => boolean): Promise<void> =>
  new Promise((resolve, reject) => {
    let isOver = false;
    const advance = (): void => {
      if (isOver) {
        return;
      }
      try {
        isOver = !step();
      } catch (error) {
        isOver = true;
        reject(error);
      }
      if (isOver) {
        resolve();
      }
    };
    const turn = (): void => {
      for (let n = 0; n < STEPS_A_TURN; n++) {
        setImmediate(advance);
      }
      setImmediate(() => {
        if (!isOver) {
          turn();
        }
      });
    };
    turn();
  });

/** The time of wall clocks when the world begins. */
export const WORLD_BEGINS_AT_MS = 1_700_000_000_000;

/** Simulated time, and all events that are planned in it. */
export class World {
  readonly seed: number;
  readonly recorder: Recorder;
  readonly #heap = new EventHeap();
  #nowMs = 0;
  #seq = 0;
  #steps = 0;
  /** Called after each step with the owner of the step. */
  afterStep: (owner: EventOwner | undefined) => void = () => {};

  constructor(seed: number, isTold: boolean) {
    this.seed = seed;
    this.recorder = new Recorder(() => this.#nowMs, isTold);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Random numbers for one purpose. Draws for one purpose do not shift those for another. */
  random(purpose: string): Random {
    return new Random(this.seed ^ hashOf(purpose));
  }

  plan(delayMs: number, owner: EventOwner | undefined, run: () => void, channel = ''): Cancel {
    this.#seq += 1;
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const event = { atMs, seq: this.#seq, owner, channel, run, isCancelled: false };
    this.#heap.add(event);
    return () => {
      event.isCancelled = true;
    };
  }

  /** Plans a held event again, `delayMs` from now. */
  replan(event: SimEvent, delayMs: number): void {
    this.#seq += 1;
    event.atMs = this.#nowMs + delayMs;
    event.seq = this.#seq;
    this.#heap.add(event);
  }

  /** Lets time pass until `untilMs`, or until `isDone` returns true after a step. */
  run(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    let stepper: EventOwner | undefined;
    let hasStepped = false;
    return eachWithItsMicrotasks(() => {
      if (hasStepped) {
        this.afterStep(stepper);
      }
      const event = isDone() ? undefined : this.#next(untilMs);
      hasStepped = event !== undefined;
      stepper = event?.owner;
      event?.run();
      return hasStepped;
    });
  }

  /** Takes the next event and moves the clock to it; without one, moves the clock to `untilMs`. */
  #next(untilMs: number): SimEvent | undefined {
    for (;;) {
      const { first } = this.#heap;
      if (first === undefined || first.atMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return undefined;
      }
      this.#heap.take();
      if (first.isCancelled || first.owner?.isAlive === false) {
        continue;
      }
      if (first.owner?.isPaused === true) {
        first.owner.hold(first);
        continue;
      }
      this.#nowMs = first.atMs;
      this.#steps += 1;
      return first;
    }
  }
}
