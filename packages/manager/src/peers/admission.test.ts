import { EventEmitter } from 'node:events';
import { limits } from '@millrace/protocol';
import { beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../../../protocol/src/testing/manual-clock.ts';
import { Admission, type Caller } from './admission.ts';

class Socket extends EventEmitter implements Caller {
  readonly remoteAddress: string;
  isOpen = true;

  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    this.isOpen = false;
    this.emit('close');
  }
}

let clock: ManualClock;
let admission: Admission;

beforeEach(() => {
  clock = new ManualClock();
  admission = new Admission(clock);
});

const arrive = (address: string): Socket => {
  const socket = new Socket(address);
  admission.enter(socket);
  return socket;
};

const arrivals = (count: number, address: string): Socket[] =>
  Array.from({ length: count }, () => arrive(address));

/** A socket keeps its place for a tick longer, at most. */
const KEPT_MS = limits.unauthenticatedKeptMs * 1.25;
const { unauthenticatedMaxPerAddress, unauthenticatedMaxTotal } = limits;

test('a newcomer takes the place of the oldest silent socket of its address', async () => {
  const [first, second] = arrivals(unauthenticatedMaxPerAddress, 'a');
  const other = arrive('b');
  await clock.advance(KEPT_MS);
  const newcomer = arrive('a');
  expect([first?.isOpen, second?.isOpen, other.isOpen, newcomer.isOpen]).toEqual([
    false,
    true,
    true,
    true,
  ]);
  expect(admission.report()).toEqual({
    sockets: unauthenticatedMaxPerAddress + 1,
    waiting: unauthenticatedMaxPerAddress + 1,
    evicted: 1,
    refused: 0,
    crowds: [{ address: 'a', evicted: 1, refused: 0 }],
  });
});

test('peers that arrive together do not evict one another', () => {
  const first = arrivals(unauthenticatedMaxPerAddress, 'a');
  expect(arrive('a').isOpen).toBe(false);
  expect(first.every(({ isOpen }) => isOpen)).toBe(true);
  expect(admission.report()).toMatchObject({ evicted: 0, refused: 1 });
});

test('a socket whose handshake makes progress is evicted after those that are silent', async () => {
  const [first, second] = arrivals(unauthenticatedMaxPerAddress, 'a');
  await clock.advance(KEPT_MS);
  if (first !== undefined) {
    admission.progress(first);
  }
  arrive('a');
  expect([first?.isOpen, second?.isOpen]).toEqual([true, false]);
});

test('where all places are taken, the oldest socket of any address makes room', async () => {
  const first = arrivals(unauthenticatedMaxTotal, 'a').slice(0, 1);
  const many = Array.from({ length: unauthenticatedMaxTotal }, (_, n) => arrive(`a${n}`));
  await clock.advance(KEPT_MS);
  expect(arrive('new').isOpen).toBe(true);
  expect([...first, ...many].filter(({ isOpen }) => !isOpen).length).toBeGreaterThan(0);
  expect(first[0]?.isOpen).toBe(false);
  expect(admission.report().waiting).toBe(unauthenticatedMaxTotal);
});

test('a socket that passed, or left, makes room and is not cut off', async () => {
  const sockets = arrivals(unauthenticatedMaxPerAddress, 'a');
  const [passed, left] = sockets;
  if (passed !== undefined) {
    admission.pass(passed);
  }
  left?.destroy();
  expect(arrivals(2, 'a').every(({ isOpen }) => isOpen)).toBe(true);
  await clock.advance(limits.authenticateMaxMs * 2);
  expect(passed?.isOpen).toBe(true);
  expect(admission.report()).toMatchObject({ waiting: 0, evicted: 0, refused: 0 });
  expect(clock.timersWaiting).toBe(0);
});

test('a manager that was busy takes nobody for silent whose bytes it has not read', async () => {
  const clockOf = { jumpMs: 0 };
  const jumping = {
    monotonicMs: () => clock.monotonicMs() + clockOf.jumpMs,
    wallMs: () => clock.wallMs(),
    after: (delayMs: number, run: () => void) => clock.after(delayMs, run),
    endOfTurn: (run: () => void) => clock.endOfTurn(run),
  };
  admission = new Admission(jumping);
  arrivals(unauthenticatedMaxPerAddress, 'a');
  // One turn of the event loop takes ten seconds.
  clockOf.jumpMs = 10_000;
  expect(arrive('a').isOpen).toBe(false);
  await clock.advance(KEPT_MS);
  expect(arrive('a').isOpen).toBe(true);
});
