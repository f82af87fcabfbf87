import { defineConfig } from 'vitest/config';

const exclude = ['**/node_modules/**', '**/dist/**'];

/** System tests that share nothing but the machine with each other. */
const sharing = ['test/{checker,conformance,e2e,model,worker}/**/*.test.ts'];

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
          include: sharing,
          exclude,
          ...hangs(HANG_MS.system),
          // Half of the time these files wait, so that two at a time keep two cores busy.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'alone',
          include: ['test/**/*.test.ts'],
          exclude: [...exclude, ...sharing],
          ...hangs(HANG_MS.system),
          // Campaigns use all cores, and others of these files read or write the sources.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
