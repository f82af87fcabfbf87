import { expect, test } from 'vitest';
import { encodePayload } from '../bytes/payload.ts';
import type { Message } from '../messages/message-table.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { codeOf, MillraceError } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import { Holdings } from './holdings.ts';
import { Leases } from './leased-item.ts';
import { QueueHandle, type QueuePort } from './queue-handle.ts';
import { type Asked, Requests } from './requests.ts';

const item = (requestId: number, payload: Uint8Array): Message => ({
  verb: 'item',
  requestId,
  taskId: 'i-1',
  epoch: 1,
  grant: 1,
  payload,
});

/** A peer whose manager answers what the test says. */
const stage = () => {
  const clock = new ManualClock();
  const requests = new Requests();
  const sent: Message[] = [];
  const holdings = new Holdings(1);
  let refusal: MillraceError | undefined;
  const port: QueuePort = {
    clock,
    newTaskId: () => 'i-1',
    payloadMaxBytes: () => limits.payloadMaxBytes,
    messageMaxBytes: () => limits.messageMaxBytes,
    ask: (asked: Asked) => void sent.push(asked.build(requests.open(asked))),
    refusal: () => refusal,
    holdings,
    leases: new Leases(),
  };
  return {
    clock,
    requests,
    sent,
    holdings,
    queue: new QueueHandle<number>('q', port),
    refuse: () => {
      refusal = new MillraceError('CLIENT_CLOSED', 'the client was closed');
    },
    answer: (message: Message) => requests.take(message, () => {}),
  };
};

test('an item that comes when no receipt can leave is not handed out: another will have it', async () => {
  const { answer, holdings, queue, refuse, sent } = stage();
  const got = queue.get().catch(codeOf);
  answer(item(1, encodePayload(7, 'it')));
  refuse();
  expect(await got).toBe('CLIENT_CLOSED');
  expect(holdings.tokens()).toEqual([]);
  expect(sent).toHaveLength(1);
});

test('where no manager answered, nobody says that the queue was empty', async () => {
  const { clock, queue, requests } = stage();
  const got = queue.get({ timeoutMs: 200 }).catch(codeOf);
  await clock.advance(200);
  requests.giveUp(clock.monotonicMs());
  expect(await got).toBe('TIMEOUT');
});

test('an item that cannot be decoded goes back, and says why', async () => {
  const { answer, queue, sent } = stage();
  const got = queue.get().catch(codeOf);
  answer(item(1, new Uint8Array([0xc1])));
  expect(await got).toBe('PAYLOAD_INVALID');
  expect(sent.at(-1)).toMatchObject({ verb: 'settle', results: [{ kind: 'released' }] });
});

test('a put that is parked has ten minutes from then on', async () => {
  const { answer, clock, queue, requests } = stage();
  const put = queue.put(7).then(
    () => 'stored',
    (error: unknown) => codeOf(error),
  );
  await clock.advance(limits.resendMaxMs - 1);
  answer({ verb: 'parked', requestId: 1 });
  await clock.advance(1_000);
  expect(requests.giveUp(clock.monotonicMs())).toEqual([]);
  await clock.advance(limits.resendMaxMs);
  expect(requests.giveUp(clock.monotonicMs())).toEqual([1]);
  expect(await put).toBe('UNKNOWN');
});

test('a peer that holds as many items as it may present takes none, and then takes again', async () => {
  const { answer, queue, sent } = stage();
  const leasing = queue.lease();
  expect(await queue.lease().catch(codeOf)).toBe('TOO_MANY_REQUESTS');
  answer(item(1, encodePayload(7, 'it')));
  const held = await leasing;
  expect(await queue.get().catch(codeOf)).toBe('TOO_MANY_REQUESTS');
  expect(sent).toHaveLength(1);
  const acknowledged = held.ack();
  answer({ verb: 'settled', requestId: 2, answers: ['accepted'] });
  await acknowledged;
  void queue.get();
  expect(sent.at(-1)).toMatchObject({ verb: 'get' });
});
