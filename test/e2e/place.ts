import { threadId } from 'node:worker_threads';
import type { Place } from './tasks.ts';

/** Where this code runs. */
export const place = (): Place => ({ pid: process.pid, threadId });
