import { messageOf } from '@millrace/protocol';
import { laneOfKey, type Table, tableOf } from '../rows/keys.ts';
import { decodeLeases } from '../rows/lease-record.ts';
import { decodeIds } from '../rows/list-row.ts';
import { decodeNumbers } from '../rows/numbers.ts';
import { decodeQueues, type QueueRecord, zeroCounters } from '../rows/queue-record.ts';
import { decodeTask, type TaskValues } from '../rows/task-record.ts';
import { isFinished } from '../task-machine.ts';

/** More findings say nothing new. */
const FINDINGS_MAX = 100;

interface Counted {
  /** Those that wait and those that are leased: both have a record that says ready. */
  unfinished: number;
  scheduled: number;
  retrying: number;
  deadKept: number;
  bytes: number;
}

const nothing = (): Counted => ({
  unfinished: 0,
  scheduled: 0,
  retrying: 0,
  deadKept: 0,
  bytes: 0,
});

/**
 * Looks at every row of a store, in order of the keys: whether it can be read, and whether the
 * counters of each queue agree with its tasks. Memory is bounded by queues and lanes.
 */
export class RecordCheck {
  readonly #findings: string[] = [];
  readonly #rows = new Map<Table, number>();
  readonly #queues = new Map<string, QueueRecord>();
  readonly #queueOfLane = new Map<number, string>();
  readonly #counted = new Map<string, Counted>();
  #layout: number | undefined;

  /** Rows by table. */
  get rows(): ReadonlyMap<Table, number> {
    return this.#rows;
  }

  get layout(): number | undefined {
    return this.#layout;
  }

  visit(key: string, value: Uint8Array): void {
    const table = tableOf(key);
    if (table === undefined) {
      return;
    }
    this.#rows.set(table, (this.#rows.get(table) ?? 0) + 1);
    try {
      this.#read(table, key, value);
    } catch (error) {
      this.#find(`the ${table} row ${JSON.stringify(key)} cannot be read: ${messageOf(error)}`);
    }
  }

  /** The contradictions, each as a sentence. Call this after all rows were visited. */
  findings(): readonly string[] {
    for (const queue of new Set([...this.#queues.keys(), ...this.#counted.keys()])) {
      this.#compare(queue);
    }
    return this.#findings;
  }

  #read(table: Table, key: string, value: Uint8Array): void {
    switch (table) {
      case 'meta':
        if (key === 'mversion') {
          this.#layout = decodeNumbers(value)[0];
        }
        return;
      case 'lane':
        this.#queueOfLane.set(decodeNumbers(value)[0] ?? 0, laneOfKey(key).queue);
        return;
      case 'counters':
        for (const record of decodeQueues(value)) {
          this.#queues.set(record.queue, record);
        }
        return;
      case 'lease':
        decodeLeases(value);
        return;
      case 'task':
        this.#count(key, decodeTask(value).values);
        return;
      default:
        decodeIds(value);
    }
  }

  #count(key: string, task: TaskValues): void {
    const queue = this.#queueOfLane.get(task.laneNumber);
    if (queue === undefined) {
      this.#find(`the task ${JSON.stringify(key.slice(1))} is in a lane that is not there`);
      return;
    }
    const counted = this.#counted.get(queue) ?? nothing();
    this.#counted.set(queue, counted);
    if (task.state === 'scheduled') {
      counted.scheduled += 1;
      counted.retrying += task.failures > 0 ? 1 : 0;
    } else if (task.state === 'dead') {
      counted.deadKept += task.isTombstone ? 0 : 1;
    }
    if (!isFinished(task.state)) {
      counted.unfinished += task.state === 'scheduled' ? 0 : 1;
      counted.bytes += task.payloadBytes;
    }
  }

  #compare(queue: string): void {
    const counters = this.#queues.get(queue)?.counters ?? zeroCounters();
    const kept: Counted = { ...counters, unfinished: counters.ready + counters.leased };
    const counted = this.#counted.get(queue) ?? nothing();
    for (const name of ['unfinished', 'scheduled', 'retrying', 'deadKept', 'bytes'] as const) {
      if (counted[name] !== kept[name]) {
        this.#find(
          `queue ${JSON.stringify(queue)} has ${counted[name]} ${name} by its tasks and ${kept[name]} by its counter`,
        );
      }
    }
  }

  #find(finding: string): void {
    if (this.#findings.length < FINDINGS_MAX) {
      this.#findings.push(finding);
    }
  }
}
