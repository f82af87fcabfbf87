import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Manager } from '@millrace/manager';
import {
  DEFAULT_KEY_ID,
  decodeFrame,
  dialManager,
  dialWebSocket,
  encodeFrame,
  systemClock,
} from '@millrace/protocol';
import { expect, test } from 'vitest';
import { faultSeed } from '../support/environment.ts';
import { Random } from '../support/random.ts';
import { stages } from '../support/stage.ts';

const openStage = stages();

const SESSIONS = 200;
const FRAMES_MAX = 12;
const VECTORS = join(import.meta.dirname, '../../packages/protocol/vectors');
const open = encodeFrame([{ verb: 'open', peer: { name: 'odd', host: 'here', pid: 7 } }]);
const ping = encodeFrame([{ verb: 'ping', stampMs: 7 }]);
/** After these the manager has read everything, or reads no more. */
const LAST = new Set(['pong', 'error', 'goodbyeAck']);
/** Queues that the vectors name, and one that they do not. */
const QUEUES = ['default', 'images', 'sums', 'task', 'probe'];

/** The frames of the vectors: all that a peer may say, and some that it may not. */
const frames = readdirSync(VECTORS).flatMap((file) =>
  readFileSync(join(VECTORS, file), 'utf8')
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.split('\n').filter((line) => /^[0-9a-f ]+$/.test(line)))
    .filter((lines) => lines.length > 0)
    .map((lines) => Buffer.from(lines.join('').replaceAll(' ', ''), 'hex')),
);

/** A frame as it is, or with one byte changed. */
const anyFrame = (random: Random): Buffer => {
  const frame = Buffer.from(frames[random.between(0, frames.length - 1)] ?? []);
  if (frame.length > 0 && random.next() < 0.3) {
    frame[random.between(0, frame.length - 1)] = random.between(0, 255);
  }
  return frame;
};

/** Shows the key, opens a session, and says anything; resolves when the manager answers or cuts it off. */
const sayAnything = async (url: string, authkey: string, random: Random): Promise<void> => {
  const { transport } = await dialManager({
    url,
    key: { keyId: DEFAULT_KEY_ID, secret: Buffer.from(authkey) },
    role: random.next() < 0.5 ? 'client' : 'worker',
    clock: systemClock,
    randomBytes,
    dial: dialWebSocket,
  });
  const over = new Promise<void>((resolve) => {
    transport.listen({
      frame: (bytes) => {
        if (decodeFrame(bytes).some(({ verb }) => LAST.has(verb))) {
          resolve();
        }
      },
      drained: () => {},
      closed: () => resolve(),
    });
  });
  transport.send(open);
  for (let left = random.between(1, FRAMES_MAX); left > 0; left--) {
    transport.send(anyFrame(random));
  }
  transport.send(ping);
  await over;
  transport.terminate();
};

test('peers that have the key and say anything do no harm to the others', async () => {
  const seed = faultSeed();
  console.log(`FAULT_SEED=${seed}`);
  const random = new Random(seed);
  const stage = await openStage();
  const manager = new Manager({ port: 0, authkey: stage.authkey });
  QUEUES.forEach((queue) => manager.register(queue));
  const { url } = await manager.start();
  const client = await stage.connect({ url });
  const queue = client.queue<number>('probe');
  for (let n = 0; n < SESSIONS; n++) {
    await sayAnything(url, stage.authkey, random);
    await queue.put(n);
    expect(await queue.get({ timeoutMs: 10_000 })).toBe(n);
  }
  await client.close();
  await manager.stop();
});
