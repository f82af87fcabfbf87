import type { Finding } from '@millrace/protocol';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** A finding with the task name that it is about, because several names of one queue may be unhandled. */
export interface Notice extends Finding {
  readonly taskName?: string;
}

/** A duration as people read it. */
export const spoken = (ms: number): string => {
  if (ms < 10 * SECOND_MS) {
    return `${(ms / SECOND_MS).toFixed(1)} s`;
  }
  if (ms < 2 * MINUTE_MS) {
    return `${Math.round(ms / SECOND_MS)} s`;
  }
  const minutes = Math.round(ms / MINUTE_MS);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
};

export const tasks = (count: number): string => (count === 1 ? '1 task' : `${count} tasks`);

/** Text that a shell takes as one word. */
const word = (text: string): string =>
  /^[\w.:@%+=,/-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A name as the value of an option, which follows a space. */
export const quotedValue = word;

/** A name as an argument of a command in a shell. */
export const quoted = (text: string): string =>
  text.startsWith('-') ? `-- ${word(text)}` : word(text);
