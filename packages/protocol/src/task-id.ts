import { customRandom } from 'nanoid';
import { limits } from './limits.ts';

/**
 * In ASCII order, so that ids sort as strings and as bytes like their times. No
 * hyphen: an id that begins with one is an option to every command line.
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~';
const TIME_CHARS = 8;
const RANDOM_CHARS = 13;
const POOL_BYTES = 2_048;

const timeChars = (wallMs: number): string => {
  let rest = wallMs;
  let chars = '';
  for (let i = 0; i < TIME_CHARS; i++) {
    chars = ALPHABET.charAt(rest % 64) + chars;
    rest = Math.floor(rest / 64);
  }
  return chars;
};

/**
 * A maker of task ids: 48 bits of milliseconds, then 78 random bits. Ids of one
 * period sit side by side in the store's B-tree.
 */
export const taskIdMaker = (
  wallMs: () => number,
  randomBytes: (bytes: number) => Uint8Array,
): (() => string) => {
  let pool: Uint8Array = new Uint8Array(0);
  let used = 0;
  // Random bytes are cheap by the thousand and dear by the dozen.
  const take = (bytes: number): Uint8Array => {
    if (used + bytes > pool.length) {
      pool = randomBytes(Math.max(bytes, POOL_BYTES));
      used = 0;
    }
    used += bytes;
    return pool.subarray(used - bytes, used);
  };
  const randomChars = customRandom(ALPHABET, RANDOM_CHARS, (bytes) => Buffer.from(take(bytes)));
  let lastMs = -1;
  let prefix = '';
  return () => {
    const nowMs = wallMs();
    if (nowMs !== lastMs) {
      lastMs = nowMs;
      prefix = timeChars(nowMs);
    }
    return prefix + randomChars();
  };
};

const printableAscii = /^[\x21-\x7e]+$/;

/** Whether a text can be the id of a task, whoever made it. */
export const isTaskId = (text: string): boolean =>
  text.length <= limits.taskIdMaxBytes && printableAscii.test(text);
