import { defineConfig } from 'vitest/config';

const exclude = ['**/node_modules/**', '**/dist/**'];

/** System tests that share nothing but the machine with each other. */
const sharing = ['test/{checker,conformance,e2e,model,worker}/**/*.test.ts'];

/**
 * Only a hang takes so long, also on a machine that is busy with something else. A poll
 * gives up earlier than its test, and says then what it saw last.
 */
const bounds = {
  testTimeout: 180_000,
  hookTimeout: 180_000,
  expect: { poll: { timeout: 90_000 } },
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'bench/*/*.test.ts'],
          exclude,
          ...bounds,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'system',
          include: sharing,
          exclude,
          ...bounds,
          // These files wait half of their time, so two files at a time keep two cores busy.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'alone',
          include: ['test/**/*.test.ts'],
          exclude: [...exclude, ...sharing],
          ...bounds,
          // Campaigns use all cores, and some of these files read or write the sources.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
