/** Every system of the benchmark, in the order of the tables. */
import { bare, bareMemory } from './bare.ts';
import { beanstalkd50, beanstalkdAlways } from './beanstalkd.ts';
import { bullmq, bullmqAlways } from './bullmq.ts';
import { millrace, millraceMemory } from './millrace.ts';
import type { System } from './system.ts';

export const systems: readonly System[] = [
  millrace,
  millraceMemory,
  bare,
  bareMemory,
  bullmq,
  bullmqAlways,
  beanstalkd50,
  beanstalkdAlways,
];
