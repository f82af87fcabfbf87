import { text } from './codecs.ts';
import { readList, writeList } from './record.ts';

/** Where a row is removed when nothing in it matters any more. */
interface Remover {
  remove(key: string): void;
}

/**
 * A row that lists several tasks or queues of one batch. It is removed when the last of
 * them has left it, so it may name some that have moved on.
 */
export class ListRow {
  readonly key: string;
  #left: number;

  constructor(key: string, count: number) {
    this.key = key;
    this.#left = count;
  }

  /** Whether all others have left it. */
  get hasOne(): boolean {
    return this.#left === 1;
  }

  /** One more is found to be in it. */
  join(): void {
    this.#left += 1;
  }

  /** One of them has left. */
  leave(batch: Remover): void {
    this.#left -= 1;
    if (this.#left === 0) {
      batch.remove(this.key);
    }
  }
}

export const encodeIds = (taskIds: readonly string[]): Uint8Array =>
  writeList(taskIds, (writer, taskId) => text.write(writer, taskId));

export const decodeIds = (row: Uint8Array): readonly string[] =>
  readList(row, (reader) => text.read(reader, 'id'));
