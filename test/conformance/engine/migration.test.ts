import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  diskJournal,
  type Engine,
  encodeNumbers,
  Handles,
  LAYOUT,
  makeEngine,
  metaKey,
} from '@millrace/manager/internals';
import { ITEM_NAME, systemClock } from '@millrace/protocol';
import { afterEach, expect, test } from 'vitest';
import { ManualClock } from '../../support/manual-clock.ts';
import { unpackStore } from '../../support/old-store.ts';
import { queueSpec, text } from './engine-stage.ts';

const layouts = ['layout-6'];

let directory: string | undefined;

afterEach(() => {
  if (directory !== undefined) {
    rmSync(directory, { recursive: true });
  }
});

const silent = { ready() {}, finished() {}, abort() {}, room() {}, failed() {} };

const open = async (path: string): Promise<Engine> => {
  const engine = makeEngine({
    journal: await diskJournal(path, systemClock),
    // This clock is behind the time of the stores, so no task in them has come due.
    clock: new ManualClock(),
    randomBytes: (length) => new Uint8Array(length),
    software: 'a test',
    payloadMaxBytes: 1_048_576,
    retainMaxBytes: 1_000_000_000,
    restartGraceMs: 15_000,
  });
  engine.declareQueue(queueSpec('q'));
  engine.declareQueue(queueSpec('lifo', { order: 'lifo' }));
  engine.declareQueue(queueSpec('paused'));
  await engine.start(silent);
  return engine;
};

const claim = (engine: Engine, queue: string, name: string): string[] => {
  engine.openSession({ sessionId: 'reader', name: 'reader' });
  const handles = new Handles([{ queue, name }]);
  const request = {
    sessionId: 'reader',
    handles,
    max: 1_000,
    maxBytes: 1_000_000_000,
    isolates: false,
  };
  return engine.claim([request]).flatMap((grants) => grants.map(({ taskId }) => taskId));
};

test.each(layouts)('a store of %s keeps all its tasks in the migration', async (layout) => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-migration-'));
  unpackStore(layout, directory);
  const engine = await open(directory);
  const page = await engine.listTasks({
    queue: undefined,
    name: undefined,
    state: undefined,
    limit: 500,
    after: undefined,
    backward: undefined,
  });
  const states = page.tasks.map(({ state, taskId }) => `${taskId} ${state}`);
  expect(states.filter((line) => line.startsWith('many-'))).toHaveLength(300);
  expect(states.filter((line) => !line.startsWith('many-'))).toEqual([
    'cancelled-1 cancelled',
    'dead-1 dead',
    'expired-1 expired',
    'high-1 ready',
    'item-2 ready',
    'large-1 ready',
    'leased-1 leased',
    'leased-2 leased',
    'lifo-1 ready',
    'lifo-2 ready',
    'paused-1 ready',
    'retrying-1 scheduled',
    'returned-1 ready',
    'scheduled-1 scheduled',
    'succeeded-1 succeeded',
  ]);
  const [outcome, dead, removed] = await engine.outcomes(['succeeded-1', 'dead-1', 'item-1']);
  expect(outcome).toMatchObject({ state: 'succeeded' });
  expect(
    text(typeof outcome === 'object' && 'result' in outcome ? outcome.result : undefined),
  ).toBe('a result');
  expect(dead).toMatchObject({ state: 'dead', error: { message: 'no use', retry: false } });
  expect(removed).toBe('RESULT_REMOVED');
  expect(engine.audit()).toEqual([]);
  await engine.close();
});

test.each(layouts)(
  'a store of %s keeps leases, order and pauses in the migration',
  async (layout) => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-migration-'));
    unpackStore(layout, directory);
    const engine = await open(directory);
    const tokens = [1, 2].map((n) => ({ taskId: `leased-${n}`, epoch: 1, grant: 1 }));
    expect(await engine.resume({ sessionId: 'worker', tokens })).toEqual([]);
    expect(claim(engine, 'q', 'work')).toEqual(['high-1', 'returned-1', 'large-1']);
    expect(claim(engine, 'q', ITEM_NAME)).toEqual(['item-2']);
    expect(claim(engine, 'q', 'many')).toHaveLength(300);
    expect(claim(engine, 'lifo', 'work')).toEqual(['lifo-2', 'lifo-1']);
    expect(claim(engine, 'paused', 'work')).toEqual([]);
    const retried = await engine.retry([{ taskId: 'dead-1', newTaskId: 'again-1' }]);
    expect(retried).toEqual(['retried']);
    await engine.close();
    const next = await open(directory);
    expect(await next.inspect('again-1')).toMatchObject({ state: 'ready', payloadBytes: 10_000 });
    expect(next.epoch).toBe(3);
    expect(next.audit()).toEqual([]);
    await next.close();
    const journal = await diskJournal(directory, systemClock);
    expect(journal.get(metaKey('version'))).toEqual(Buffer.from(encodeNumbers([LAYOUT])));
    await journal.close();
  },
);
