import { messageOf } from '@millrace/protocol';
import { decodeHeldKey } from '../rows/held-key-record.ts';
import {
  atMsOfTimeKey,
  laneOfKey,
  metaKey,
  type Table,
  tableOf,
  taskIdOfTaskKey,
} from '../rows/keys.ts';
import { decodeLeases } from '../rows/lease-record.ts';
import { decodeIds } from '../rows/list-row.ts';
import { decodeNumbers } from '../rows/numbers.ts';
import { decodePastAttempt } from '../rows/past-attempt-record.ts';
import { decodeQueues } from '../rows/queue-record.ts';
import { decodeTask } from '../rows/task-record.ts';
import { CounterCheck } from './counter-check.ts';
import { IndexCheck } from './index-check.ts';
import { ScheduleCheck } from './schedule-check.ts';
import { type StoredLane, storedLane, storedTask } from './stored-task.ts';

/** More findings say nothing new. */
const FINDINGS_MAX = 100;

/**
 * Visits every row of a store, in order of the keys. It checks whether the row can be read, whether
 * the indexes name each task, and whether the counters agree with the tasks.
 */
export class RecordCheck {
  readonly #findings: string[] = [];
  readonly #rows = new Map<Table, number>();
  readonly #lanes = new Map<number, StoredLane>();
  readonly #indexes = new IndexCheck((finding) => this.#find(finding));
  readonly #schedules = new ScheduleCheck((finding) => this.#find(finding));
  readonly #counters = new CounterCheck((finding) => this.#find(finding));
  #layout: number | undefined;
  #unlisted = 0;

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

  /** The contradictions, each as a sentence. Call this once, after all rows were visited. */
  findings(): readonly string[] {
    this.#indexes.end();
    this.#counters.end();
    this.#schedules.end();
    return this.#unlisted === 0
      ? this.#findings
      : [...this.#findings, `${this.#unlisted} more findings are not listed`];
  }

  #read(table: Table, key: string, value: Uint8Array): void {
    switch (table) {
      case 'meta':
        return this.#meta(key, value);
      case 'lane':
        return this.#lane(key, value);
      case 'counters':
        return decodeQueues(value).forEach((record) => this.#counters.queue(record));
      case 'lease':
        return this.#indexes.leases(key, decodeLeases(value));
      case 'heldKey':
      case 'alias':
        decodeHeldKey(value);
        return;
      case 'keys':
        decodeIds(value);
        return;
      case 'ticks':
        return this.#schedules.ticks(atMsOfTimeKey(key), decodeIds(value));
      case 'scheduleSpec':
        return this.#schedules.spec(key, value);
      case 'scheduleRun':
        return this.#schedules.run(key, value);
      case 'schedule':
        return this.#schedules.schedule(key, value);
      case 'history':
        decodePastAttempt(value);
        return;
      case 'task':
        return this.#task(taskIdOfTaskKey(key), value);
      case 'ready':
        return this.#indexes.ready(key, decodeIds(value));
      default:
        return this.#indexes.times(table, key, decodeIds(value));
    }
  }

  #meta(key: string, value: Uint8Array): void {
    if (key === metaKey('version')) {
      this.#layout = decodeNumbers(value)[0];
    } else if (key === metaKey('retained')) {
      this.#counters.retained(decodeNumbers(value)[0] ?? 0);
    }
  }

  #lane(key: string, value: Uint8Array): void {
    const { name, queue } = laneOfKey(key);
    this.#lanes.set(decodeNumbers(value)[0] ?? 0, storedLane(queue, name));
  }

  #task(id: string, record: Uint8Array): void {
    const { values } = decodeTask(record);
    const lane = this.#lanes.get(values.laneNumber);
    if (lane === undefined) {
      this.#find(`the lane of the task ${JSON.stringify(id)} does not exist`);
      return;
    }
    const task = storedTask(id, lane, values, this.#indexes.leaseOf);
    this.#indexes.task(task);
    this.#counters.task(task);
  }

  #find(finding: string): void {
    if (this.#findings.length < FINDINGS_MAX) {
      this.#findings.push(finding);
    } else {
      this.#unlisted += 1;
    }
  }
}
