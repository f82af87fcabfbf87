import { defineConfig } from 'vitest/config';

const exclude = ['**/node_modules/**', '**/dist/**'];

/** Only a hang takes as long as these, also on a machine that is busy with something else. */
const HANG_MS = { unit: 60_000, system: 180_000 };
/** A poll gives up earlier than its test, and says then what it saw last. */
const POLL_SHARE = 0.5;

const hangs = (ms: number) => ({
  testTimeout: ms,
  hookTimeout: ms,
  expect: { poll: { timeout: ms * POLL_SHARE } },
});

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'bench/*/*.test.ts'],
          exclude,
          ...hangs(HANG_MS.unit),
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude,
          ...hangs(HANG_MS.system),
          // These tests start managers and workers. Their deadlines were chosen for
          // two cores, which a file has to itself when one file runs at a time.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
