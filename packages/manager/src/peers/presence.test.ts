import { limits } from '@millrace/protocol';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../../../protocol/src/testing/manual-clock.ts';
import { type Attendee, Presence, type PresenceOptions, type Present } from './presence.ts';

const IDLE_MS = 10_000;

class Session implements Present {
  readonly keyId: string;
  readonly isClient: boolean;
  busy = false;
  isDismissed = false;

  constructor(keyId = 'default', isClient = true) {
    this.keyId = keyId;
    this.isClient = isClient;
  }

  isBusy(): boolean {
    return this.busy;
  }

  dismiss(): void {
    this.isDismissed = true;
  }
}

let clock: ManualClock;
let presence: Presence;

const open = (options: Partial<PresenceOptions> = {}): void => {
  presence = new Presence(clock, { ...limits, idleSessionMs: IDLE_MS, ...options });
};

beforeEach(() => {
  clock = new ManualClock();
  open();
});

const enter = (session: Present, address = '10.0.0.1:5000'): Attendee => {
  const attendee = presence.enter(session, address);
  if (attendee === undefined) {
    throw new Error('refused');
  }
  return attendee;
};

test('a client that says nothing is idle after a while, and dismissed after the idle time', async () => {
  const session = new Session();
  enter(session);
  await clock.advance(IDLE_MS / 2);
  expect([presence.report().idle, session.isDismissed]).toEqual([1, false]);
  await clock.advance(IDLE_MS / 2);
  expect(session.isDismissed).toBe(true);
  expect(presence.report()).toEqual({ idle: 0, dismissed: 1, refused: 0 });
  expect(clock.timersWaiting).toBe(0);
});

test('a client that says something, or has something open, stays', async () => {
  const [talker, waiter, worker] = [new Session(), new Session(), new Session('default', false)];
  const talking = enter(talker);
  enter(waiter);
  enter(worker);
  waiter.busy = true;
  for (let n = 0; n < 10; n++) {
    await clock.advance(IDLE_MS / 4);
    presence.touch(talking);
  }
  expect([talker, waiter, worker].map(({ isDismissed }) => isDismissed)).toEqual([
    false,
    false,
    false,
  ]);
  waiter.busy = false;
  await clock.advance(2 * IDLE_MS);
  expect([waiter.isDismissed, worker.isDismissed]).toEqual([true, false]);
});

test('a client that talks without a pause is not dismissed, however short the idle time', async () => {
  open({ idleSessionMs: 1_000 });
  const session = new Session();
  const attendee = enter(session);
  for (let n = 0; n < 100; n++) {
    await clock.advance(70);
    presence.touch(attendee);
  }
  expect([session.isDismissed, presence.report().idle]).toEqual([false, 0]);
});

test('with 0 nobody is dismissed, but idle clients are counted', async () => {
  open({ idleSessionMs: 0 });
  const session = new Session();
  const attendee = enter(session);
  await clock.advance(24 * 3_600_000);
  expect([session.isDismissed, presence.report().idle]).toEqual([false, 1]);
  presence.touch(attendee);
  expect(presence.report().idle).toBe(0);
  presence.leave(attendee);
});

test.each([
  ['in all', { sessionsMax: 2 }, 'other', '10.0.0.2:1'],
  ['of one key', { sessionsPerKeyMax: 2 }, 'default', '10.0.0.2:1'],
  ['of one address', { sessionsPerAddressMax: 2 }, 'other', '10.0.0.1:9'],
])(
  'where the bound on sessions %s is reached, the longest silent client makes room',
  async (_, bound, keyId, address) => {
    open(bound);
    const [first, second] = [new Session(), new Session()];
    const firstIn = enter(first);
    await clock.advance(1_000);
    enter(second);
    await clock.advance(1_500);
    presence.touch(firstIn);
    // The first has talked since, and the second has not been silent for long.
    expect(presence.enter(new Session(keyId), address)).toBeUndefined();
    await clock.advance(500);
    expect(presence.enter(new Session(keyId), address)).toBeDefined();
    expect([first.isDismissed, second.isDismissed]).toEqual([false, true]);
    expect(presence.report()).toMatchObject({ dismissed: 1, refused: 1 });
  },
);

test('a client with something open is not dismissed for another', async () => {
  open({ sessionsMax: 2 });
  const [busy, silent] = [new Session(), new Session()];
  busy.busy = true;
  enter(busy);
  enter(silent);
  await clock.advance(limits.dismissibleMs);
  enter(new Session());
  expect([busy.isDismissed, silent.isDismissed]).toEqual([false, true]);
});

test('the counts hold, whatever comes, talks and leaves', () => {
  const step = fc.oneof(
    fc.record({ enter: fc.constantFrom('a:1', 'b:1', 'c:1'), isClient: fc.boolean() }),
    fc.record({ touch: fc.nat() }),
    fc.record({ leave: fc.nat() }),
    fc.record({ busy: fc.nat() }),
    fc.record({ waitMs: fc.integer({ min: 0, max: 6_000 }) }),
  );
  return fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      clock = new ManualClock();
      open({ sessionsPerAddressMax: 3, sessionsMax: 7 });
      const present: { attendee: Attendee; session: Session }[] = [];
      const pick = (n: number) => present[n % Math.max(1, present.length)];
      for (const each of steps) {
        if ('enter' in each) {
          const session = new Session('default', each.isClient);
          const attendee = presence.enter(session, each.enter);
          if (attendee !== undefined) {
            present.push({ attendee, session });
          }
        } else if ('touch' in each) {
          const picked = pick(each.touch);
          if (picked !== undefined) {
            presence.touch(picked.attendee);
          }
        } else if ('leave' in each) {
          const picked = pick(each.leave);
          if (picked !== undefined) {
            presence.leave(picked.attendee);
          }
        } else if ('busy' in each) {
          const picked = pick(each.busy);
          if (picked !== undefined) {
            picked.session.busy = !picked.session.busy;
          }
        } else {
          await clock.advance(each.waitMs);
        }
        const here = present.filter(({ attendee }) => !attendee.hasLeft);
        expect(here.length).toBeLessThanOrEqual(7);
        expect(presence.report().idle).toBe(here.filter(({ attendee }) => attendee.isIdle).length);
        for (const address of ['a', 'b', 'c']) {
          const count = here.filter(({ attendee }) => attendee.address === address).length;
          expect(count).toBeLessThanOrEqual(3);
        }
        expect(here.every(({ session }) => !session.isDismissed)).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});
