/** Every system of the benchmark, in the order of the tables. */
import { bare, bareMemory } from './bare.ts';
import { baseManager } from './basemanager.ts';
import { beanstalkd50, beanstalkdAlways } from './beanstalkd.ts';
import { bullmq, bullmqAlways } from './bullmq.ts';
import { graphileWorker } from './graphile-worker.ts';
import { millrace, millraceMemory } from './millrace.ts';
import { pgBoss } from './pg-boss.ts';
import type { System } from './system.ts';

export const systems: readonly System[] = [
  millrace,
  millraceMemory,
  bare,
  bareMemory,
  bullmq,
  bullmqAlways,
  pgBoss,
  graphileWorker,
  beanstalkd50,
  beanstalkdAlways,
  baseManager,
];
