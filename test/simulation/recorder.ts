import { createHash } from 'node:crypto';
import type { HistoryEvent, Recorded } from '../checker/history.ts';

/** Keeps the history for the checker and, if wanted, the story for readers. */
export class Recorder {
  readonly history: Recorded[] = [];
  readonly #nowMs: () => number;
  readonly #story: string[] | undefined;
  readonly #hash = createHash('sha256');
  readonly #keys = new Map<string, string>();
  readonly #tasksOfRuns = new Map<string, string>();

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
    if (event.kind === 'start') {
      this.#tasksOfRuns.set(event.run, event.task);
    }
    this.tell(() => JSON.stringify(event));
  }

  /** The task that a run belongs to. */
  taskOfRun(run: string): string | undefined {
    return this.#tasksOfRuns.get(run);
  }

  /** Records a report when the engine decides on it. The returned function fills in the answer. */
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

  /** Adds a line to the story. `line` is not called when no story is kept. */
  tell(line: () => string): void {
    if (this.#story !== undefined) {
      const text = `${this.#nowMs().toFixed(3).padStart(12)}  ${line()}`;
      this.#story.push(text);
      this.#hash.update(text);
    }
  }

  /** Notes the id of the task or item that the test calls `key`. */
  know(taskId: string, key: string): void {
    this.#keys.set(taskId, key);
  }

  keyOf(taskId: string): string {
    return this.#keys.get(taskId) ?? taskId;
  }

  get ids(): ReadonlyMap<string, string> {
    return this.#keys;
  }

  /** The hash of the whole story, which two runs of one seed share. */
  storyHash(): string {
    return this.#hash.digest('hex');
  }
}
