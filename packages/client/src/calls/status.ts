import { type AskPort, decodePayload, inquire, type Status } from '@millrace/protocol';

export const status = async (port: AskPort): Promise<Status> => {
  const reply = await inquire(port, 'statusReport', (requestId) => ({ verb: 'status', requestId }));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an authenticated manager wrote it; its shape only ever grows
  return decodePayload(reply.document, 'the status') as Status;
};
