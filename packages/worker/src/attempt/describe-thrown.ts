import { inspect } from 'node:util';

/** The result of `read`; undefined if it throws, as getters and proxies of a thrown value may. */
export const guarded = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

const onOneLine = { depth: 2, customInspect: false, breakLength: Infinity, compact: true } as const;

/** A thrown value that has no message, as one line. */
export const describeThrown = (thrown: unknown): string =>
  typeof thrown === 'string' ? thrown : (guarded(() => inspect(thrown, onOneLine)) ?? 'unreadable');
