import type { LogFile } from '../engine/store/disk/log/log-file.ts';
import type { Journal, Write } from '../engine/store/journal.ts';
import { memoryJournal } from '../engine/store/memory/memory-journal.ts';

/** The kernel writes pages, and a crash may leave any sectors of one. */
const PAGE_BYTES = 4_096;
const SECTOR_BYTES = 512;
const TORN = 0xee;

/** The state in which a crash leaves a sector that was being written. */
export type Fate = 'written' | 'untouched' | 'torn';

interface Pending {
  readonly apply: () => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The pending operation of a disk, which ends when a test says so. */
class Orders {
  #pending: Pending | undefined;

  get isIdle(): boolean {
    return this.#pending === undefined;
  }

  ask(apply: () => void): Promise<void> {
    if (this.#pending !== undefined) {
      throw new Error('the disk was asked for two things at once');
    }
    return new Promise((resolve, reject) => {
      this.#pending = { apply, resolve, reject };
    });
  }

  done(): void {
    const pending = this.#take();
    pending?.apply();
    pending?.resolve();
  }

  refuse(error: Error): void {
    this.#take()?.reject(error);
  }

  /** The process dies: the operation is applied or not, and its promise never settles. */
  crash(isKept: boolean): void {
    const pending = this.#take();
    if (isKept) {
      pending?.apply();
    }
  }

  #take(): Pending | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }
}

/** A file of a log on a disk whose writes end when a test says so, or are torn by a crash. */
export class TestLogFile implements LogFile {
  readonly orders = new Orders();
  #bytes: Buffer;
  #inFlight: { readonly bytes: Buffer; readonly at: number } | undefined;

  constructor(sizeBytes: number) {
    this.#bytes = Buffer.alloc(sizeBytes);
  }

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  async read(): Promise<Buffer> {
    return Buffer.from(this.#bytes);
  }

  write(bytes: Uint8Array, at: number): Promise<void> {
    const copy = Buffer.from(bytes);
    this.#inFlight = { bytes: copy, at };
    return this.orders.ask(() => this.#put(copy, at));
  }

  shrink(sizeBytes: number): Promise<void> {
    this.#inFlight = undefined;
    return this.orders.ask(() => {
      this.#bytes = this.#bytes.subarray(0, sizeBytes);
    });
  }

  async close(): Promise<void> {}

  /** Gives each sector of the write in flight its fate, and each other sector of the pages that it touches. */
  crash(fateOf: (sector: number) => Fate): void {
    if (!this.orders.isIdle && this.#inFlight !== undefined) {
      const { at, bytes } = this.#inFlight;
      const from = Math.floor(at / PAGE_BYTES) * PAGE_BYTES;
      const to = Math.ceil((at + bytes.length) / PAGE_BYTES) * PAGE_BYTES;
      const before = this.#bytes;
      this.#bytes = Buffer.concat([before, Buffer.alloc(Math.max(0, to - before.length))]);
      const after = Buffer.from(this.#bytes);
      after.set(bytes, at);
      for (let start = from; start < to; start += SECTOR_BYTES) {
        this.#end(fateOf(start / SECTOR_BYTES), after, start);
      }
    }
    this.orders.crash(false);
  }

  /** Changes the byte at this offset. */
  damage(at: number): void {
    this.#bytes[at] = (this.#bytes[at] ?? 0) ^ 0xff;
  }

  #end(fate: Fate, after: Buffer, start: number): void {
    const end = start + SECTOR_BYTES;
    if (fate === 'written') {
      this.#bytes.set(after.subarray(start, end), start);
    } else if (fate === 'torn') {
      this.#bytes.fill(TORN, start, end);
    }
  }

  #put(bytes: Buffer, at: number): void {
    const missing = Math.max(0, at + bytes.length - this.#bytes.length);
    this.#bytes = missing === 0 ? this.#bytes : Buffer.concat([this.#bytes, Buffer.alloc(missing)]);
    this.#bytes.set(bytes, at);
  }
}

/** A tree whose commits end when a test says so; a crash applies a commit as a whole or not at all. */
export class TestTree implements Journal {
  readonly name = 'tree';
  readonly orders = new Orders();
  /** Whether commits end at once. */
  isPrompt = true;
  readonly #rows = memoryJournal();

  get: Journal['get'] = (key) => this.#rows.get(key);
  lastKey: Journal['lastKey'] = (from, to) => this.#rows.lastKey(from, to);
  range: Journal['range'] = (from, to, limit) => this.#rows.range(from, to, limit);
  space: Journal['space'] = () => this.#rows.space();
  close: Journal['close'] = async () => {};

  async commit(writes: readonly Write[]): Promise<void> {
    // A journal in memory commits within the call.
    const apply = (): void => void this.#rows.commit(writes);
    await (this.isPrompt ? apply() : this.orders.ask(apply));
  }
}
