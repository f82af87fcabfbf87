import { defineTask } from 'millrace';
import type { payload } from './workload.ts';

export const noop = defineTask<typeof payload, null>('noop');
