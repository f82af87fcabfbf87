import type { Assignment } from '../attempt/runner.ts';

const fields = {
  beats: 0,
  zeroMs: 1,
  lastEndMs: 2,
  endsByMs: 3,
  signals: 4,
  idBytes: 5,
  nameBytes: 6,
};
const FIELD_COUNT = 8;
const FIELD_BYTES = 8;
/** An id has at most 64 bytes, a task name at most 128. */
const ID_BYTES = 64;
const NAME_BYTES = 128;
const ID_AT = FIELD_COUNT * FIELD_BYTES;
const NAME_AT = ID_AT + ID_BYTES;
const SIZE = NAME_AT + NAME_BYTES;

const NS_PER_MS = 1e6;

/** The clock of the main thread, and a clock that all threads of the process share. */
export interface PulseClocks {
  mainMs(): number;
  sharedMs(): number;
}

const systemClocks: PulseClocks = {
  mainMs: () => performance.now(),
  sharedMs: () => Number(process.hrtime.bigint()) / NS_PER_MS,
};

/** What the main thread tells the heartbeat thread, in memory that both can read. */
export interface PulseReading {
  /** Beats of the main event loop so far. */
  readonly beats: number;
  /** Time left until the last deadline among the running attempts; infinite if one has none, and -Infinity without any. */
  readonly lastEndInMs: number;
  /** Time left until a stop that was begun must have ended; infinite without one. */
  readonly endsInMs: number;
  /** Bits of the stop signals that the process listens to, by their place in `stopSignals`. */
  readonly signals: number;
  /** The attempt whose handler was called and has not returned to the event loop. */
  readonly entered: { readonly taskId: string; readonly name: string } | undefined;
}

/**
 * The state of the main event loop. Times are those of the main thread's clock. A write
 * per attempt must be cheap, so nothing is locked.
 */
export class Pulse {
  readonly buffer: SharedArrayBuffer;
  readonly #numbers: Float64Array;
  readonly #text: Buffer;
  readonly #clocks: PulseClocks;
  #name = '';

  constructor(buffer = new SharedArrayBuffer(SIZE), clocks: PulseClocks = systemClocks) {
    this.buffer = buffer;
    this.#clocks = clocks;
    this.#numbers = new Float64Array(buffer, 0, FIELD_COUNT);
    this.#text = Buffer.from(buffer);
  }

  /** Called once, in the main thread. */
  begin(): void {
    this.#numbers[fields.zeroMs] = this.#clocks.sharedMs() - this.#clocks.mainMs();
    this.#numbers[fields.lastEndMs] = Number.NEGATIVE_INFINITY;
    this.#numbers[fields.endsByMs] = Number.POSITIVE_INFINITY;
  }

  beat(lastEndInMs: number, signals: number): void {
    const numbers = this.#numbers;
    numbers[fields.beats] = (numbers[fields.beats] ?? 0) + 1;
    numbers[fields.lastEndMs] = this.#clocks.mainMs() + lastEndInMs;
    numbers[fields.signals] = signals;
  }

  stopsIn(ms: number): void {
    this.#numbers[fields.endsByMs] = this.#clocks.mainMs() + ms;
  }

  /** The handler of an attempt is about to be called. */
  enters({ deadlineMs, name, token }: Assignment, isInline: boolean): void {
    const numbers = this.#numbers;
    const endMs =
      deadlineMs === null ? Number.POSITIVE_INFINITY : this.#clocks.mainMs() + deadlineMs;
    if (endMs > (numbers[fields.lastEndMs] ?? 0)) {
      numbers[fields.lastEndMs] = endMs;
    }
    if (isInline) {
      if (name !== this.#name) {
        this.#name = name;
        numbers[fields.nameBytes] = this.#text.write(name, NAME_AT, NAME_BYTES);
      }
      numbers[fields.idBytes] = this.#text.write(token.taskId, ID_AT, ID_BYTES, 'latin1');
    }
  }

  /** The handler has returned, or waits for a promise. */
  leaves(): void {
    this.#numbers[fields.idBytes] = 0;
  }

  read(): PulseReading {
    const at = (field: number): number => this.#numbers[field] ?? 0;
    const nowMs = this.#clocks.sharedMs() - at(fields.zeroMs);
    const textAt = (start: number, bytes: number): string =>
      this.#text.toString('utf8', start, start + bytes);
    const idBytes = at(fields.idBytes);
    return {
      beats: at(fields.beats),
      lastEndInMs: at(fields.lastEndMs) - nowMs,
      endsInMs: at(fields.endsByMs) - nowMs,
      signals: at(fields.signals),
      entered:
        idBytes === 0
          ? undefined
          : { taskId: textAt(ID_AT, idBytes), name: textAt(NAME_AT, at(fields.nameBytes)) },
    };
  }
}
