/** The ceiling's two ends. The producer awaits each answer; the worker answers each task at once. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Adapter } from '../harness/adapter.ts';
import type { Payload } from '../harness/payload.ts';
import { bareReceiver, bareSender } from './wire.ts';

const connect = async (url: string): Promise<WebSocket> => {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, 'open');
  return socket;
};

/** A call resolves when the message with its number arrives. */
const caller = (socket: WebSocket, nextId: () => number): ((body: Payload) => Promise<void>) => {
  const send = bareSender(socket);
  const waiting = new Map<number, () => void>();
  bareReceiver(socket, (messages) => {
    for (const [id] of messages) {
      waiting.get(id)?.();
      waiting.delete(id);
    }
  });
  return (body) =>
    new Promise((resolve) => {
      const id = nextId();
      waiting.set(id, resolve);
      send([id, body]);
    });
};

export const producer: Adapter['producer'] = async (address) => {
  const sockets = [await connect(`${address}/enqueue`), await connect(`${address}/call`)] as const;
  let lastId = 0;
  const nextId = (): number => {
    lastId += 1;
    return lastId;
  };
  const enqueue = caller(sockets[0], nextId);
  return {
    enqueue,
    enqueueMany: (bodies) => Promise.all(bodies.map(enqueue)),
    call: caller(sockets[1], nextId),
    close: async () => sockets.forEach((socket) => socket.terminate()),
  };
};

export const worker: Adapter['worker'] = async (address, _slots, handle) => {
  const socket = await connect(`${address}/worker`);
  const send = bareSender(socket);
  bareReceiver(socket, (messages) => {
    for (const [id, body] of messages) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the ceiling checks nothing
      send([id, handle(body as Payload)]);
    }
  });
  return { close: async () => socket.terminate() };
};
