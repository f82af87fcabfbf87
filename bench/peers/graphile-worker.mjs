/**
 * graphile-worker's two ends. Frozen, so that results stay comparable.
 *
 * The settings are those behind the fastest figures in
 * https://worker.graphile.org/docs/performance: a local queue of 500, completions
 * in batches, 24 jobs at once on 25 connections.
 */
import { Logger, makeWorkerUtils, run } from 'graphile-worker';

const IDENTIFIER = 'noop';
const preset = (connectionString) => ({
  worker: {
    connectionString,
    concurrentJobs: 24,
    maxPoolSize: 25,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
    logger: new Logger(() => () => {}),
  },
});

export const producer = async (address) => {
  const utils = await makeWorkerUtils({ preset: preset(address) });
  await utils.migrate();
  return {
    enqueue: (payload) => utils.addJob(IDENTIFIER, payload),
    enqueueMany: (payloads) =>
      utils.addJobs(payloads.map((payload) => ({ identifier: IDENTIFIER, payload }))),
    close: () => utils.release(),
  };
};

export const worker = async (address, _slots, handle) => {
  const runner = await run({
    preset: preset(address),
    taskList: { [IDENTIFIER]: async (payload) => void handle(payload) },
    noHandleSignals: true,
  });
  return { close: () => runner.stop() };
};
