import { type AskPort, inquire, limits, MillraceError } from '@millrace/protocol';

/** @throws BAD_OPTION */
export const drainWorker = async (port: AskPort, worker: string): Promise<number> => {
  if (Buffer.byteLength(worker) > limits.workerNameMaxBytes) {
    throw new MillraceError('BAD_OPTION', `'${worker}' is too long for the name of a worker`);
  }
  const { workers } = await inquire(port, 'workerDraining', (requestId) => ({
    verb: 'drainWorker',
    requestId,
    worker,
  }));
  return workers;
};
