import { orderedMap } from '../../../structures/ordered-map.ts';
import type { Journal, Row } from '../journal.ts';

const UNLIMITED = Number.MAX_SAFE_INTEGER;

/** A journal that is lost with its process: for tests, and for queues whose loss does not matter. */
export const memoryJournal = (): Journal => {
  const rows = orderedMap<Uint8Array>();
  let usedBytes = 0;
  const forget = (key: string): void => {
    const value = rows.get(key);
    if (value !== undefined) {
      usedBytes -= key.length + value.length;
      rows.delete(key);
    }
  };
  return {
    name: 'memory',
    get: (key) => rows.get(key),
    lastKey(from, to) {
      const last = rows.nextLowerKey(to);
      return last === undefined || last < from ? undefined : last;
    },
    range(from, to, limit) {
      const found: Row[] = [];
      rows.forRange(from, to, false, (key, value) => {
        found.push({ key, value });
        return found.length < limit ? undefined : { break: true };
      });
      return found;
    },
    async commit(writes) {
      for (const { key, value } of writes) {
        forget(key);
        if (value !== undefined) {
          rows.set(key, value);
          usedBytes += key.length + value.length;
        }
      }
    },
    space: () => ({ usedBytes, freeBytes: UNLIMITED, reserveBytes: 0 }),
    async close() {},
  };
};
