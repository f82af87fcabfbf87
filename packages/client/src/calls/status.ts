import {
  type CallOptions,
  decodePayload,
  inquire,
  readAbandoned,
  type Status,
  type TimedPort,
} from '@millrace/protocol';

export const status = async (port: TimedPort, options: CallOptions): Promise<Status> => {
  const reply = await inquire(
    port,
    'statusReport',
    {
      build: (requestId) => ({ verb: 'status', requestId }),
      giveUp: (end, timeoutMs) => readAbandoned(end, 'the status', timeoutMs),
    },
    options,
  );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an authenticated manager wrote it; its shape only ever grows
  return decodePayload(reply.document, 'the status') as Status;
};
