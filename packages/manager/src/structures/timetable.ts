import { TurnoverMap } from '@millrace/protocol';
import { Chain, type ChainEntry } from './chain.ts';
import { Heap, type HeapEntry } from './heap.ts';

/** Fields that a timetable needs in its entries. Only the timetable writes them. */
export interface TimedEntry<E extends TimedEntry<E>> extends ChainEntry<E> {
  /** When the entry is due. */
  atMs: number;
  /** The line that the entry is in; undefined outside of a timetable. */
  line: Line<E> | undefined;
}

/** Entries that wait equally long, in order of arrival, which is the order in which they are due. */
interface Line<E extends TimedEntry<E>> extends HeapEntry {
  readonly forMs: number;
  readonly entries: Chain<E>;
  /** When its first entry is due. */
  atMs: number;
}

const isEarlier = <E extends TimedEntry<E>>(a: Line<E>, b: Line<E>): boolean => a.atMs < b.atMs;

/**
 * Entries that wait for their time; nearly all are removed before it. Most wait for one of
 * a few durations, such as the deadline of a queue or a slice of waiting. Entries of one
 * duration are in order without sorting, so adding and removing search nothing.
 */
export class Timetable<E extends TimedEntry<E>> {
  readonly #lines = new TurnoverMap<number, Line<E>>();
  readonly #order = new Heap<Line<E>>(isEarlier);

  /** The entry that is due first. */
  get first(): E | undefined {
    return this.#order.first?.entries.first;
  }

  /** @param nowMs never before that of an earlier call */
  add(entry: E, forMs: number, nowMs: number): void {
    entry.atMs = nowMs + forMs;
    const line = this.#lines.get(forMs) ?? this.#newLine(forMs);
    entry.line = line;
    line.entries.add(entry);
    if (line.entries.size === 1) {
      line.atMs = entry.atMs;
      this.#order.add(line);
    }
  }

  /** Does nothing for an entry that is not in it. */
  remove(entry: E): void {
    const { line } = entry;
    if (line === undefined) {
      return;
    }
    entry.line = undefined;
    const wasFirst = line.entries.first === entry;
    line.entries.remove(entry);
    if (wasFirst) {
      this.#firstLeft(line);
    }
  }

  #newLine(forMs: number): Line<E> {
    const line: Line<E> = { forMs, entries: new Chain<E>(), atMs: 0, heapIndex: -1 };
    this.#lines.set(forMs, line);
    return line;
  }

  #firstLeft(line: Line<E>): void {
    const { first } = line.entries;
    if (first === undefined) {
      this.#order.remove(line);
      this.#lines.delete(line.forMs);
    } else {
      line.atMs = first.atMs;
      this.#order.move(line);
    }
  }
}
