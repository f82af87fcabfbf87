import { handler } from '@millrace/worker';
import { signalTo } from '../support/fixtures/lighthouse.ts';
import inlineHandlers from './handlers.ts';
import { place } from './place.ts';
import * as tasks from './tasks.ts';

/** The inline handlers, and others that run in a thread and in processes. */
export default [
  ...inlineHandlers,
  handler(tasks.threadPlace, place, { runner: 'thread', concurrency: 1 }),
  handler(tasks.processPlace, place, { runner: 'process', concurrency: 1 }),
  handler(
    tasks.stubborn,
    async ({ blocks, path }, { attempt }) => {
      await signalTo(path, String(process.pid));
      if (attempt <= blocks) {
        for (;;);
      }
      return { attempt };
    },
    { runner: 'process', concurrency: 1 },
  ),
];
