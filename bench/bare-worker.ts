/** The ceiling's worker: answers every task at once. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { bareReceiver, bareSender } from './bare-wire.ts';
import { ready } from './processes.ts';

const socket = new WebSocket(`ws://127.0.0.1:${process.argv[2]}`, { perMessageDeflate: false });
await once(socket, 'open');
const send = bareSender(socket);
bareReceiver(socket, (messages) => {
  for (const [id] of messages) {
    send([id, null]);
  }
});
ready('', async () => socket.terminate());
