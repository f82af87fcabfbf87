import { defineTask, type TaskDefinition } from 'millrace';
import type { Payload } from '../harness/payload.ts';

export const noop = defineTask<Payload, null>('noop');

export const queueName = (index: number): string => `queue-${index}`;

/** One task without work in each of many queues. */
export const noopsOf = (queues: number): readonly TaskDefinition<Payload, null>[] =>
  Array.from({ length: queues }, (_, index) =>
    defineTask<Payload, null>(`noop-${index}`, { queue: queueName(index) }),
  );
