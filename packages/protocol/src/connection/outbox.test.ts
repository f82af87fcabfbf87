import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../messages/frame.ts';
import type { Message } from '../messages/message-table.ts';
import { plain } from '../testing/plain.ts';
import { codeOf } from '../words/errors.ts';
import { limits } from '../words/limits.ts';
import { Outbox } from './outbox.ts';
import { PartAssembly } from './parts.ts';

const report = (requestId: number, bytes: number): Message => ({
  verb: 'statusReport',
  requestId,
  document: new Uint8Array(bytes).fill(requestId),
});

const ping = (stampMs: number): Message => ({ verb: 'ping', stampMs });

const flush = (
  outbox: Outbox,
  transportBytes = 0,
  how: 'flush' | 'flushClosed' = 'flush',
): Uint8Array[] => {
  const frames: Uint8Array[] = [];
  outbox[how](
    (frame) => frames.push(frame),
    () => transportBytes,
  );
  return frames;
};

const namesOf = (frames: readonly Uint8Array[]): string[][] =>
  frames.map((frame) => decodeFrame(frame).map(({ verb }) => verb));

const idsOf = (frames: readonly Uint8Array[]): number[][] =>
  frames.map((frame) =>
    decodeFrame(frame).map((message) => ('requestId' in message ? message.requestId : 0)),
  );

describe('small messages', () => {
  test('of one turn leave in one frame, in their order', () => {
    const outbox = new Outbox();
    outbox.add(ping(1));
    outbox.add(ping(2));
    outbox.add(ping(3));
    expect(flush(outbox).map(decodeFrame)).toEqual([[ping(1), ping(2), ping(3)]]);
    expect(outbox.waitingBytes).toBe(0);
  });

  test('that fill more than a frame leave in several', () => {
    const outbox = new Outbox();
    for (let i = 1; i <= 5; i++) {
      outbox.add(report(i, 30_000));
    }
    expect(namesOf(flush(outbox)).map((names) => names.length)).toEqual([2, 2, 1]);
  });

  test('leave before the others in frames that are full, when the transport has room', () => {
    const outbox = new Outbox();
    for (let i = 1; i <= 5; i++) {
      outbox.add(report(i, 30_000));
    }
    expect(outbox.hasClosed).toBe(true);
    expect(namesOf(flush(outbox, 2 * 1024 * 1024, 'flushClosed'))).toEqual([]);
    expect(idsOf(flush(outbox, 0, 'flushClosed'))).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(outbox.hasClosed).toBe(false);
    expect(idsOf(flush(outbox))).toEqual([[5]]);
    expect(outbox.waitingBytes).toBe(0);
  });

  test('leave without one that cannot be written', () => {
    const outbox = new Outbox();
    const outcome = { verb: 'outcome', requestId: 1, result: undefined, error: undefined } as const;
    outbox.add(ping(1));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a defect elsewhere, which must not spoil the frame
    const broken = { ...outcome, state: 'no such state' } as unknown as Message;
    expect(() => outbox.add(broken)).toThrow('no such state');
    outbox.add(ping(2));
    expect(flush(outbox).map(decodeFrame)).toEqual([[ping(1), ping(2)]]);
  });

  test('wait while the transport holds enough', () => {
    const outbox = new Outbox();
    outbox.add(ping(1));
    expect(flush(outbox, 2 * 1024 * 1024)).toEqual([]);
    expect(outbox.waitingBytes).toBeGreaterThan(0);
    expect(namesOf(flush(outbox))).toEqual([['ping']]);
  });

  test('overtake a large one', () => {
    const outbox = new Outbox();
    outbox.add(report(1, 1_000_000));
    expect(namesOf(flush(outbox))).toEqual([['part'], ['part']]);
    outbox.add(ping(1));
    expect(namesOf(flush(outbox))).toEqual([['ping']]);
    outbox.acknowledge(1);
    outbox.add(ping(2));
    expect(namesOf(flush(outbox))).toEqual([['ping'], ['part']]);
  });
});

describe('a large message', () => {
  test('waits after two parts until one is acknowledged', () => {
    const outbox = new Outbox();
    outbox.add(report(1, 5 * limits.partBytes));
    expect(flush(outbox)).toHaveLength(2);
    expect(flush(outbox)).toHaveLength(0);
    outbox.acknowledge(1);
    expect(flush(outbox)).toHaveLength(1);
    outbox.acknowledge(3);
    expect(flush(outbox)).toHaveLength(2);
    expect(outbox.hasLarge).toBe(true);
    outbox.acknowledge(5);
    expect(flush(outbox)).toHaveLength(1);
    expect(outbox.hasLarge).toBe(false);
    expect(outbox.waitingBytes).toBe(0);
  });

  test('lets no more leave for an acknowledgement of parts that were never sent', () => {
    const outbox = new Outbox();
    outbox.add(report(1, 10 * limits.partBytes));
    flush(outbox);
    outbox.acknowledge(1_000_000);
    expect(flush(outbox)).toHaveLength(2);
    outbox.acknowledge(0);
    expect(flush(outbox)).toHaveLength(0);
  });
});

/** Both ends of a connection: `acknowledge` answers every part some time later. */
const carry = (messages: readonly Message[], maxBytes: number): Message[] => {
  const outbox = new Outbox();
  const parts = new PartAssembly(maxBytes);
  const arrived: Message[] = [];
  const take = (message: Message): void => {
    if (message.verb === 'part') {
      const whole = parts.add(message);
      arrived.push(...(whole === undefined ? [] : decodeFrame(whole)));
    } else {
      arrived.push(message);
    }
  };
  for (const message of messages) {
    outbox.add(message);
  }
  for (let frames = flush(outbox); frames.length > 0; frames = flush(outbox)) {
    for (const frame of frames) {
      expect(frame.length).toBeLessThanOrEqual(limits.frameMaxBytes);
      decodeFrame(frame).forEach(take);
    }
    outbox.acknowledge(parts.received);
  }
  return arrived;
};

const digestOf = (message: Message): string =>
  createHash('sha256')
    .update(encodeFrame([message]))
    .digest('hex');

test('messages of any size arrive whole, in frames of at most 64 KiB', () => {
  const size = fc.oneof(
    fc.nat(200),
    fc.integer({ min: limits.partBytes - 20, max: limits.frameMaxBytes + 20 }),
    fc.integer({ min: 2 * limits.partBytes - 20, max: 2 * limits.partBytes + 20 }),
    fc.nat(400_000),
  );
  fc.assert(
    fc.property(fc.array(size, { maxLength: 12 }), (sizes) => {
      const messages = sizes.map((bytes, at) => report(at + 1, bytes));
      const carried = carry(messages, limits.messageMaxBytes).map(digestOf).toSorted();
      expect(carried).toEqual(messages.map(digestOf).toSorted());
    }),
    { numRuns: 100 },
  );
});

describe('a message in parts', () => {
  test('is put together from pieces of any sizes', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 500 }), sizes, (bytes, cuts) => {
        const parts = new PartAssembly(500);
        const whole: Uint8Array[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = at + (cuts[i % cuts.length] ?? 1);
          const last = end >= bytes.length;
          whole.push(
            ...[parts.add({ verb: 'part', last, bytes: bytes.subarray(at, end) }) ?? []].flat(),
          );
          at = end;
        }
        expect(whole.map(plain)).toEqual([bytes]);
      }),
    );
  });

  test('that grows beyond the limit is refused before its end', () => {
    const parts = new PartAssembly(1_000);
    const piece: Message = { verb: 'part', last: false, bytes: new Uint8Array(400) };
    parts.add(piece);
    parts.add(piece);
    expect(() => parts.add(piece)).toThrow(
      expect.toSatisfy((error) => codeOf(error) === 'MALFORMED_FRAME'),
    );
  });

  test('leaves nothing behind for the next', () => {
    const parts = new PartAssembly(1_000);
    for (let i = 1; i <= 5; i++) {
      const frame = encodeFrame([report(i, 900)]);
      expect(plain(parts.add({ verb: 'part', last: true, bytes: frame }))).toEqual(plain(frame));
      expect(parts.received).toBe(i);
    }
  });
});
