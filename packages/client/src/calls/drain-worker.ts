import {
  type CallOptions,
  changeAbandoned,
  checkText,
  inquire,
  limits,
  MillraceError,
  type TimedPort,
} from '@millrace/protocol';

/** @throws BAD_OPTION */
export const drainWorker = async (
  port: TimedPort,
  worker: string,
  options: CallOptions,
): Promise<number> => {
  checkText(worker, 'the name of a worker');
  if (Buffer.byteLength(worker) > limits.workerNameMaxBytes) {
    throw new MillraceError('BAD_OPTION', `'${worker}' is too long for the name of a worker`);
  }
  const { workers } = await inquire(
    port,
    'workerDraining',
    {
      build: (requestId) => ({ verb: 'drainWorker', requestId, worker }),
      giveUp: (end, timeoutMs) =>
        changeAbandoned(
          end,
          `the drain of worker '${worker}'`,
          timeoutMs,
          'it may or may not have been asked to drain',
        ),
    },
    options,
  );
  return workers;
};
