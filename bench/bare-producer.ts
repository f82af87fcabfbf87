/** The ceiling's producer: sends tasks and awaits their results. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { bareReceiver, bareSender } from './bare-wire.ts';
import { drive, IN_FLIGHT, payload } from './workload.ts';

const [port, warmUp, count] = process.argv.slice(2).map(Number) as [number, number, number];
const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
await once(socket, 'open');
const send = bareSender(socket);
const waiting = new Map<number, () => void>();
bareReceiver(socket, (messages) => {
  for (const [id] of messages) {
    waiting.get(id)?.();
    waiting.delete(id);
  }
});
let lastId = 0;
const call = (): Promise<void> =>
  new Promise((resolve) => {
    lastId += 1;
    waiting.set(lastId, resolve);
    send([lastId, payload]);
  });
await drive(warmUp, IN_FLIGHT, call);
process.send?.(String(await drive(count, IN_FLIGHT, call)));
socket.terminate();
process.disconnect();
