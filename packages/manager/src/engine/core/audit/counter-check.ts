import { retainedBytesOf } from '../retained.ts';
import { type QueueRecord, zeroCounters } from '../rows/queue-record.ts';
import { isFinished } from '../task-machine.ts';
import { isListedIn } from './is-listed-in.ts';
import type { StoredTask } from './stored-task.ts';

/** Counters of a queue that must agree with its tasks. */
const compared = ['ready', 'scheduled', 'leased', 'retrying', 'deadKept', 'bytes'] as const;

type Counted = Record<(typeof compared)[number], number>;

const nothing = (): Counted => ({
  ready: 0,
  scheduled: 0,
  leased: 0,
  retrying: 0,
  deadKept: 0,
  bytes: 0,
});

/** Counts the tasks of a store, and compares the sums with its counters. Its memory grows with the queues only. */
export class CounterCheck {
  readonly #find: (finding: string) => void;
  readonly #queues = new Map<string, QueueRecord>();
  readonly #counted = new Map<string, Counted>();
  #retainedKept = 0;
  #retainedCounted = 0;

  constructor(find: (finding: string) => void) {
    this.#find = find;
  }

  /** Takes the counters of a queue from a row; a later row replaces an earlier one. */
  queue(record: QueueRecord): void {
    this.#queues.set(record.queue, record);
  }

  /** Takes the store's counter of bytes of finished tasks. */
  retained(bytes: number): void {
    this.#retainedKept = bytes;
  }

  task(task: StoredTask): void {
    const counted = this.#counted.get(task.lane.queue) ?? nothing();
    this.#counted.set(task.lane.queue, counted);
    if (task.state === 'ready' || task.state === 'leased' || task.state === 'scheduled') {
      counted[task.state] += 1;
    }
    counted.retrying += task.state === 'scheduled' && task.grants > 0 ? 1 : 0;
    counted.deadKept += isListedIn.dead(task) ? 1 : 0;
    counted.bytes += isFinished(task.state) ? 0 : task.payloadBytes;
    if (isListedIn.dead(task) || isListedIn.retention(task)) {
      this.#retainedCounted += retainedBytesOf(task);
    }
  }

  /** Call this after all rows. */
  end(): void {
    for (const queue of new Set([...this.#queues.keys(), ...this.#counted.keys()])) {
      this.#compare(queue);
    }
    this.#expect('the store', 'bytes of results', this.#retainedCounted, this.#retainedKept);
  }

  #compare(queue: string): void {
    const kept = this.#queues.get(queue)?.counters ?? zeroCounters();
    const counted = this.#counted.get(queue) ?? nothing();
    for (const name of compared) {
      this.#expect(`queue ${JSON.stringify(queue)}`, name, counted[name], kept[name]);
    }
  }

  #expect(where: string, name: string, counted: number, kept: number): void {
    if (counted !== kept) {
      this.#find(`${where}: the counter '${name}' is ${kept}, but the tasks add up to ${counted}`);
    }
  }
}
