/** The ceiling's server: stores a task, hands it on, stores its result, hands it back. */
import { once } from 'node:events';
import { open } from 'lmdb';
import { pack } from 'msgpackr';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Bare, bareReceiver, bareSender } from './bare-wire.ts';
import { ready } from './processes.ts';

const store = open<Buffer, Buffer>({
  path: process.argv[2] ?? '',
  encoding: 'binary',
  keyEncoding: 'binary',
  overlappingSync: false,
  noSubdir: false,
});
const key = (prefix: string, id: number): Buffer => {
  const bytes = Buffer.alloc(9);
  bytes.write(prefix, 0, 'latin1');
  bytes.writeDoubleBE(id, 1);
  return bytes;
};

/** One commit in flight; what arrives meanwhile is the next. */
const stage = (
  prefix: string,
  forward: (message: Bare) => void,
): ((messages: readonly Bare[]) => void) => {
  let waiting: Bare[] = [];
  let isBusy = false;
  const commit = async (): Promise<void> => {
    isBusy = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      let last: Promise<boolean> = Promise.resolve(true);
      for (const [id, body] of batch) {
        last = store.put(key(prefix, id), pack(body));
      }
      await last;
      for (const message of batch) {
        forward(message);
      }
    }
    isBusy = false;
  };
  return (messages) => {
    waiting.push(...messages);
    if (!isBusy) {
      setImmediate(() => {
        if (!isBusy) {
          void commit();
        }
      });
    }
  };
};

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
await once(server, 'listening');
const accept = (): Promise<WebSocket> =>
  new Promise((resolve) => server.once('connection', (socket) => resolve(socket)));
const address = server.address();
const port = typeof address === 'object' && address !== null ? address.port : 0;
ready(String(port), () => store.close());

const worker = await accept();
const producer = await accept();
bareReceiver(producer, stage('t', bareSender(worker)));
bareReceiver(worker, stage('r', bareSender(producer)));
