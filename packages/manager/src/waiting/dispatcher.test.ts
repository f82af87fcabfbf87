import { describe, expect, test } from 'vitest';
import { laneKeyOf } from '../engine/core/handles.ts';
import type { Grant } from '../engine/core/verbs/claim.ts';
import { engineWith } from '../testing/engine-with.ts';
import { RecordingPeer } from '../testing/recording-peer.ts';
import type { Claimant } from './claimants.ts';
import { Dispatcher } from './dispatcher.ts';

/** An engine with lanes of one queue, which deals one task to each claimant in turn. */
class Store {
  readonly #lanes = new Map<string, string[]>();
  /** The sessions of each claim. */
  readonly asked: string[][] = [];
  readonly dispatcher = new Dispatcher(
    engineWith({
      claim: (requests) => {
        this.asked.push(requests.map(({ sessionId }) => sessionId));
        const dealt = requests.map((): Grant[] => []);
        for (let isDealing = true; isDealing; ) {
          isDealing = false;
          for (const [n, { handles, max }] of requests.entries()) {
            const handle = handles.list.findIndex(({ name }) => this.#lane(name).length > 0);
            const taskId = this.#lane(handles.list[handle]?.name ?? '').at(0);
            if (taskId !== undefined && (dealt[n]?.length ?? 0) < max) {
              this.#lane(handles.list[handle]?.name ?? '').shift();
              dealt[n]?.push({
                taskId,
                epoch: 1,
                grant: 1,
                handle,
                payload: new Uint8Array(1),
                attempt: 1,
                deadlineMs: null,
                losses: undefined,
              });
              isDealing = true;
            }
          }
        }
        return dealt;
      },
    }),
  );

  #lane(name: string): string[] {
    const lane = this.#lanes.get(name) ?? [];
    this.#lanes.set(name, lane);
    return lane;
  }

  /** Tasks become ready. */
  add(name: string, ...taskIds: readonly string[]): void {
    this.#lane(name).push(...taskIds);
    this.dispatcher.ready(laneKeyOf({ queue: 'q', name }), taskIds.length);
  }
}

class Pool implements Claimant {
  readonly peer: RecordingPeer;
  readonly handles: Claimant['handles'];
  readonly isolates = false;
  readonly got: string[] = [];
  #room: number;

  constructor(sessionId: string, names: readonly string[], room: number) {
    this.peer = new RecordingPeer(sessionId);
    this.handles = names.map((name) => ({ queue: 'q', name }));
    this.#room = room;
  }

  room(): number {
    return this.#room;
  }

  leave(): void {
    this.#room = 0;
  }

  take(grants: readonly Grant[]): void {
    this.got.push(...grants.map(({ taskId }) => taskId));
    this.#room -= grants.length;
  }
}

/** Resolves when the turn and everything that it planned have ended. */
const quiet = () => new Promise((resolve) => setImmediate(resolve));

const idle = async (store: Store, ...pools: readonly Pool[]): Promise<void> => {
  for (const pool of pools) {
    store.dispatcher.wants(pool);
    await quiet();
  }
  store.asked.length = 0;
};

describe('the dispatcher', () => {
  test('claims for all hungry claimants at once', async () => {
    const store = new Store();
    store.add('x', 't1', 't2', 't3', 't4', 't5');
    const [a, b] = [new Pool('a', ['x'], 9), new Pool('b', ['x'], 2)];
    store.dispatcher.wants(a);
    store.dispatcher.wants(b);
    await quiet();
    expect(store.asked).toEqual([['a', 'b']]);
    expect([a.got, b.got]).toEqual([
      ['t1', 't3', 't5'],
      ['t2', 't4'],
    ]);
  });

  test('wakes the claimant that is idle longest', async () => {
    const store = new Store();
    const pools = [new Pool('a', ['x'], 2), new Pool('b', ['x'], 2), new Pool('c', ['x'], 2)];
    await idle(store, ...pools);
    store.add('x', 't1');
    await quiet();
    store.add('x', 't2', 't3');
    await quiet();
    store.add('x', 't4');
    await quiet();
    expect(store.asked).toEqual([['a'], ['b', 'c'], ['a']]);
    expect(pools.map(({ got }) => got)).toEqual([['t1', 't4'], ['t2'], ['t3']]);
  });

  test('claims again at once for a claimant that got all it asked for and has more room', async () => {
    const store = new Store();
    store.add('x', ...Array.from({ length: 2_500 }, (_, n) => `t${n}`));
    const pool = new Pool('a', ['x'], 3_000);
    store.dispatcher.wants(pool);
    await quiet();
    expect(pool.got).toHaveLength(2_500);
    expect(store.asked).toHaveLength(3);
  });

  test('wakes another when a claimant woken for two names has room for one task', async () => {
    const store = new Store();
    const [both, one] = [new Pool('both', ['x', 'y'], 1), new Pool('one', ['y'], 1)];
    await idle(store, both, one);
    store.add('x', 'x1');
    store.add('y', 'y1');
    await quiet();
    expect([both.got, one.got]).toEqual([['x1'], ['y1']]);
  });

  test('wakes another when a woken claimant takes a task of another name', async () => {
    const store = new Store();
    const both = new Pool('both', ['x', 'y'], 1);
    const [first, second] = [new Pool('x only', ['x'], 1), new Pool('y only', ['y'], 1)];
    await idle(store, both, first, second);
    store.add('y', 'y1');
    store.add('x', 'x1');
    await quiet();
    expect([both.got, first.got, second.got]).toEqual([['x1'], [], ['y1']]);
  });

  test('wakes another when a woken claimant leaves before its claim', async () => {
    const store = new Store();
    const [a, b] = [new Pool('a', ['x'], 1), new Pool('b', ['x'], 1)];
    await idle(store, a, b);
    store.add('x', 't1');
    a.leave();
    store.dispatcher.leaves(a);
    await quiet();
    expect([a.got, b.got]).toEqual([[], ['t1']]);
  });

  test('wakes another when a woken claimant is congested, and waits once until that is over', async () => {
    const store = new Store();
    const [a, b] = [new Pool('a', ['x'], 5), new Pool('b', ['x'], 5)];
    await idle(store, a, b);
    a.peer.isCongested = true;
    for (const taskId of ['t1', 't2', 't3']) {
      store.add('x', taskId);
      store.dispatcher.wants(a);
      await quiet();
    }
    expect([a.got, b.got]).toEqual([[], ['t1', 't2', 't3']]);
    expect(a.peer.drainsAwaited).toBe(1);
    b.leave();
    store.dispatcher.leaves(b);
    store.add('x', 't4');
    await quiet();
    a.peer.drain();
    await quiet();
    expect(a.got).toEqual(['t4']);
  });

  test('never claims for a claimant that has left', async () => {
    const store = new Store();
    const pool = new Pool('a', ['x'], 1);
    await idle(store, pool);
    store.dispatcher.leaves(pool);
    store.add('x', 't1');
    await quiet();
    expect(store.asked).toEqual([]);
  });

  test('claims nothing when no claimant is idle for the lane', async () => {
    const store = new Store();
    await idle(store, new Pool('a', ['other'], 1));
    for (let n = 0; n < 100; n++) {
      store.add('x', `t${n}`);
    }
    await quiet();
    expect(store.asked).toEqual([]);
  });
});
