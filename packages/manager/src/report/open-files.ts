import { readFileSync } from 'node:fs';

/** How many files and sockets this process may have open; undefined where the system does not say. */
export const openFilesMax = (): number | undefined => {
  try {
    const [, most] =
      /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return most === undefined ? undefined : Number(most);
  } catch {
    return undefined;
  }
};
