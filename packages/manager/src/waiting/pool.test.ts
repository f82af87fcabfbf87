import type { Message } from '@millrace/protocol';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../protocol/src/testing/manual-clock.ts';
import { runCommands } from '../commands/command-table.ts';
import type { Grant } from '../engine/core/verbs/claim.ts';
import { engineWith } from '../testing/engine-with.ts';
import { openServices } from '../testing/open-services.ts';
import { RecordingPeer } from '../testing/recording-peer.ts';
import { Dispatcher } from './dispatcher.ts';

const PAYLOAD_BYTES = 10_000;

const grantOf = (number: number): Grant => ({
  taskId: `task-${number}`,
  epoch: 1,
  grant: 1,
  handle: 0,
  payload: new Uint8Array(PAYLOAD_BYTES),
  attempt: 1,
  deadlineMs: null,
  losses: undefined,
});

/** A worker of many slots over an engine that always has as many tasks as are claimed. */
const stage = async () => {
  const clock = new ManualClock();
  const { services } = await openServices(clock, 1);
  const engine = engineWith({
    claim: ([request]) => [Array.from({ length: request?.max ?? 0 }, (_, n) => grantOf(n))],
  });
  const peer = new RecordingPeer('worker', 'worker');
  const pool = 0;
  const says = async (...messages: readonly Message[]): Promise<void> => {
    await runCommands({ ...services, engine, dispatcher: new Dispatcher(engine) }, peer, messages);
    await clock.settle();
  };
  await says({
    verb: 'declarePool',
    pool,
    handles: [{ queue: 'q', name: 'work' }],
    isolates: undefined,
  });
  return {
    /** The grants that it is sent for a number of credits: tasks in each message, and when that leaves. */
    dealt: async (given: number): Promise<string[]> => {
      await says({ verb: 'credit', pool, given, received: 0 });
      return peer.sent
        .splice(0)
        .map((message) =>
          message.verb === 'grant'
            ? `${message.tasks.length} ${peer.hurried.has(message) ? 'at once' : 'with others'}`
            : message.verb,
        );
    },
  };
};

test.each([
  [1, ['1 at once']],
  [4, ['4 at once']],
  [5, ['4 at once', '1 at once']],
  [14, ['4 at once', '4 with others', '4 with others', '2 at once']],
])('an idle worker of %i slots gets its first and last grants at once', async (slots, sent) => {
  const { dealt } = await stage();
  expect(await dealt(slots)).toEqual(sent);
});

test('a busy worker gets its grants with the other messages of the turn', async () => {
  const { dealt } = await stage();
  const slots = 20;
  await dealt(slots);
  expect(await dealt(slots + 17)).toEqual(
    Array.from({ length: 4 }, () => '4 with others').concat('1 with others'),
  );
  expect(await dealt(slots + 17 + 18)).toContain('4 at once');
});
