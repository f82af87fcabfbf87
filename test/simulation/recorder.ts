import { createHash } from 'node:crypto';
import type { HistoryEvent, Recorded } from '../checker/history.ts';

/** Keeps the history for the checker, and, if it is wanted, the story for people. */
export class Recorder {
  readonly history: Recorded[] = [];
  readonly #nowMs: () => number;
  readonly #story: string[] | undefined;
  readonly #hash = createHash('sha256');
  readonly #keys = new Map<string, string>();

  constructor(nowMs: () => number, isTold: boolean) {
    this.#nowMs = nowMs;
    this.#story = isTold ? [] : undefined;
  }

  get isTold(): boolean {
    return this.#story !== undefined;
  }

  get story(): readonly string[] {
    return this.#story ?? [];
  }

  record(event: HistoryEvent): void {
    const recorded = { ...event, atMs: this.#nowMs() };
    this.history.push(recorded);
    this.tell(() => JSON.stringify(event));
  }

  /** Notes a settlement at the place where it is decided; the answer is filled in when it is known. */
  reserve(event: Extract<HistoryEvent, { kind: 'settled' }>): (answer: string) => void {
    const index = this.history.length;
    this.record(event);
    return (answer) => {
      const reserved = this.history[index];
      if (reserved !== undefined) {
        this.history[index] = { ...reserved, ...event, answer };
      }
      this.tell(() => JSON.stringify({ ...event, answer }));
    };
  }

  /** A line of the story; made only when somebody wants it. */
  tell(line: () => string): void {
    if (this.#story !== undefined) {
      const text = `${this.#nowMs().toFixed(3).padStart(12)}  ${line()}`;
      this.#story.push(text);
      this.#hash.update(text);
    }
  }

  /** The manager has seen which id a piece of work has. */
  know(taskId: string, key: string): void {
    this.#keys.set(taskId, key);
  }

  keyOf(taskId: string): string {
    return this.#keys.get(taskId) ?? taskId;
  }

  get ids(): ReadonlyMap<string, string> {
    return this.#keys;
  }

  /** What two runs of one seed have in common: everything. */
  storyHash(): string {
    return this.#hash.digest('hex');
  }
}
