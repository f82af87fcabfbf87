import { TurnoverMap } from '@millrace/protocol';
import { Chain, type ChainEntry } from './chain.ts';
import { Heap, type HeapEntry } from './heap.ts';

/** What a timetable needs of its entries. All of it is written by the timetable alone. */
export interface TimedEntry<E extends TimedEntry<E>> extends ChainEntry<E> {
  /** When its time is up. */
  atMs: number;
  /** Where it stands; nowhere outside of a timetable. */
  line: Line<E> | undefined;
}

/** Entries that wait equally long, as they came: whoever came first is due first. */
interface Line<E extends TimedEntry<E>> extends HeapEntry {
  readonly forMs: number;
  readonly entries: Chain<E>;
  /** When its first is due. */
  atMs: number;
}

const isEarlier = <E extends TimedEntry<E>>(a: Line<E>, b: Line<E>): boolean => a.atMs < b.atMs;

/**
 * Entries that wait for their time, of which nearly all leave before. Most wait for
 * one of a few times, a queue's deadline or a slice of waiting: those of one time are
 * in order by themselves, and to come and to go costs no search among the others.
 */
export class Timetable<E extends TimedEntry<E>> {
  readonly #lines = new TurnoverMap<number, Line<E>>();
  readonly #order = new Heap<Line<E>>(isEarlier);

  /** Whose time is up first. */
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

  /** An entry that is not in it is left alone. */
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
