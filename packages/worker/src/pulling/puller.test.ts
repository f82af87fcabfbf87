import { Link, type Message, systemClock } from '@millrace/protocol';
import { expect, test, vi } from 'vitest';
import type { Executor } from '../execution/executor.ts';
import { Puller } from './puller.ts';
import { Reporter } from './reporter.ts';

const handle = { queue: 'default', name: 'echo' };

/** A puller whose link is never opened; `run` records the attempts that it starts. */
const openPuller = () => {
  const link = new Link(
    {
      url: 'ws://nowhere',
      key: { keyId: 'key', secret: new Uint8Array() },
      role: 'worker',
      peer: { name: 'worker', host: 'host', pid: 1 },
      clock: systemClock,
      randomBytes: (size) => new Uint8Array(size),
      dial: () => Promise.reject(new Error('it is never dialled')),
    },
    { message() {}, unsettledTokens: () => [], up() {}, down() {}, ended() {} },
  );
  const run = vi.fn<Executor['run']>(() => ({
    finished: { kind: 'released' },
    occupied: undefined,
    abort() {},
    fail() {},
  }));
  const executor: Executor = {
    pools: [{ id: 0, kind: 'inline', slots: 1, handles: [handle] }],
    run,
    close: () => Promise.resolve(),
    isolates: false,
    liveThreads: 0,
  };
  const reporter = new Reporter(link, systemClock, () => {});
  return { puller: new Puller(link, executor, reporter, systemClock), run };
};

const tokenOf = (taskId: string) => ({ taskId, epoch: 1, grant: 1 });

const grantOf = (taskId: string): Extract<Message, { verb: 'grant' }> => ({
  verb: 'grant',
  pool: 0,
  tasks: [
    {
      ...tokenOf(taskId),
      handle: 0,
      payload: Uint8Array.of(1),
      attempt: 1,
      deadlineMs: null,
      losses: undefined,
    },
  ],
});

test('an abort that comes before its grant is heeded, however many came after their attempt', () => {
  const { puller, run } = openPuller();
  for (let number = 0; number < 1_000; number += 1) {
    puller.abort({ verb: 'abort', token: tokenOf(`ended-${number}`), reason: 'cancelled' });
  }
  puller.abort({ verb: 'abort', token: tokenOf('early'), reason: 'cancelled' });
  puller.take(grantOf('early'));
  expect(run).not.toHaveBeenCalled();
  puller.take(grantOf('ended-0'));
  expect(run).toHaveBeenCalledOnce();
});
