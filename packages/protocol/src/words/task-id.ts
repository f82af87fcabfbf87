import { customRandom } from 'nanoid';
import { limits } from './limits.ts';

/**
 * In ASCII order, so that ids sort by their times, as strings and as bytes. Without a
 * hyphen: a command line takes an id that begins with one for an option.
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~';
const TIME_CHARS = 8;
const RANDOM_CHARS = 10;
/** Ids that can share one time and its random characters. */
const COUNT_MAX = 64 ** 3;

/** The last `length` digits of a whole number, in base 64. */
const digits = (value: number, length: number): string => {
  let rest = value;
  let chars = '';
  for (let i = 0; i < length; i++) {
    chars = ALPHABET.charAt(rest % 64) + chars;
    rest = Math.floor(rest / 64);
  }
  return chars;
};

/** The prefix that all ids share which one maker made within one millisecond; as long for any other id. */
export const taskIdStem = (taskId: string): string => taskId.slice(0, TIME_CHARS + RANDOM_CHARS);

const countChars = (count: number): string =>
  ALPHABET.charAt(count >> 12) + ALPHABET.charAt((count >> 6) & 63) + ALPHABET.charAt(count & 63);

/**
 * A maker of task ids: 48 bits of milliseconds, 60 random bits drawn for each
 * millisecond, and a count. The ids of one maker ascend, so that tasks that arrive
 * together lie together, and in order, in the store's B-tree.
 */
export const taskIdMaker = (
  wallMs: () => number,
  randomBytes: (bytes: number) => Uint8Array,
): (() => string) => {
  const randomChars = customRandom(ALPHABET, RANDOM_CHARS, (bytes) =>
    Buffer.from(randomBytes(bytes)),
  );
  let lastMs = -1;
  let prefix = '';
  let count = 0;
  return () => {
    const nowMs = wallMs();
    if (nowMs !== lastMs || count === COUNT_MAX) {
      lastMs = nowMs;
      prefix = digits(nowMs, TIME_CHARS) + randomChars();
      count = 0;
    }
    count += 1;
    return prefix + countChars(count - 1);
  };
};

const printableAscii = /^[\x21-\x7e]+$/;

/** Whether a text can be the id of a task, in any client's scheme. */
export const isTaskId = (text: string): boolean =>
  text.length <= limits.taskIdMaxBytes && printableAscii.test(text);
