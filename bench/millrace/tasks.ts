import { defineTask } from 'millrace';
import type { Payload } from '../harness/payload.ts';

export const noop = defineTask<Payload, null>('noop');
