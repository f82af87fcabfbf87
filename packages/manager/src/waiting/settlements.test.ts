import type { Message, MessageNamed } from '@millrace/protocol';
import { expect, test, vi } from 'vitest';
import { ManualClock } from '../../../protocol/src/testing/manual-clock.ts';
import { runCommands } from '../commands/command-table.ts';
import { openServices } from '../testing/open-services.ts';
import { RecordingPeer } from '../testing/recording-peer.ts';
import { sampleTask, successOfFirst } from '../testing/sample-tasks.ts';

const TASKS = 4;
const UNAWAITED_MS = 10;

const tasks = (awaitMs?: number): MessageNamed<'enqueue'>[] =>
  Array.from({ length: TASKS }, (_, index) => ({
    verb: 'enqueue' as const,
    requestId: index + 1,
    waitMs: 0,
    awaitMs,
    tasks: [sampleTask(`task-${index}`)],
  }));

/** A worker with one slot that runs the first of some tasks. */
const stage = async (awaitMs?: number) => {
  const clock = new ManualClock();
  const { engine, services } = await openServices(clock, TASKS);
  engine.openSession({ sessionId: 'worker', name: 'worker' });
  const worker = new RecordingPeer('worker', 'worker');
  const said = async (peer: RecordingPeer, messages: readonly Message[]): Promise<void> => {
    const done = runCommands(services, peer, messages);
    // Changes that no caller awaits are flushed a few milliseconds later.
    await clock.advance(UNAWAITED_MS);
    await done;
  };
  const credit = (given: number): Message => ({
    verb: 'credit',
    pool: 0,
    given,
    received: given - 1,
  });
  await said(new RecordingPeer('client'), tasks(awaitMs));
  await said(worker, [
    { verb: 'declarePool', pool: 0, handles: [{ queue: 'q', name: 'work' }], isolates: undefined },
    credit(1),
  ]);
  const report = successOfFirst(worker.sent.splice(0));
  /** Sends the report of that task and new credit in one frame; answers the order in which the engine is called. */
  const end = async (): Promise<string[]> => {
    const seenTo: string[] = [];
    const { claim, settle } = engine;
    vi.spyOn(engine, 'claim').mockImplementation((...request) => {
      seenTo.push('claim');
      return claim(...request);
    });
    vi.spyOn(engine, 'settle').mockImplementation((...request) => {
      seenTo.push('settle');
      return settle(...request);
    });
    await said(worker, [{ verb: 'settle', requestId: 9, results: [report] }, credit(2)]);
    return seenTo;
  };
  return { end, worker };
};

test('a worker gets its next task before its last is settled', async () => {
  const { end, worker } = await stage();
  expect(await end()).toEqual(['claim', 'settle']);
  expect(worker.take()).toEqual(['grant', 'settled 9']);
});

test('a report whose outcome is awaited is settled first', async () => {
  const { end, worker } = await stage(20_000);
  expect(await end()).toEqual(['settle', 'claim']);
  expect(worker.take()).toEqual(['grant', 'settled 9']);
});
