/** The ceiling's producer: sends tasks and awaits their results. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { bareReceiver, bareSender } from './bare-wire.ts';
import { report } from './processes.ts';
import { drive, IN_FLIGHT, payload } from './workload.ts';

const [port = '', warmUp, count] = process.argv.slice(2);
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
await drive(Number(warmUp), IN_FLIGHT, call);
await report(String(await drive(Number(count), IN_FLIGHT, call)));
socket.terminate();
process.exit(0);
