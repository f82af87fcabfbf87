/**
 * The ceiling's server. It stores a task, forwards it to the worker, stores the
 * result and forwards that to the caller. A producer that only enqueues is answered
 * when its task is stored. Without a directory the server stores nothing.
 */
import { once } from 'node:events';
import { open } from 'lmdb';
import { pack } from 'msgpackr';
import { type WebSocket, WebSocketServer } from 'ws';
import { serveUntilTold } from '../harness/served.ts';
import { type Bare, bareReceiver, bareSender } from './wire.ts';

type Put = (prefix: string, message: Bare) => Promise<boolean>;
type Send = (message: Bare) => void;

const key = (prefix: string, id: number): Buffer => {
  const bytes = Buffer.alloc(9);
  bytes.write(prefix, 0, 'latin1');
  bytes.writeDoubleBE(id, 1);
  return bytes;
};

const lmdb = (path: string): { put: Put; close: () => Promise<void> } => {
  const store = open<Buffer, Buffer>({
    path,
    encoding: 'binary',
    keyEncoding: 'binary',
    overlappingSync: false,
    noSubdir: false,
  });
  return {
    put: (prefix, [id, body]) => store.put(key(prefix, id), pack(body)),
    close: () => store.close(),
  };
};

const stored = Promise.resolve(true);
const memory = { put: () => stored, close: () => Promise.resolve() };

const directory = process.argv[2] ?? '';
const store = directory === '' ? memory : lmdb(directory);

/** One commit is in flight at a time; the next takes all messages that arrived meanwhile. */
const stage = (prefix: string, forward: Send): ((messages: readonly Bare[]) => void) => {
  let waiting: Bare[] = [];
  let isBusy = false;
  const commit = async (): Promise<void> => {
    isBusy = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      let last = stored;
      for (const message of batch) {
        last = store.put(prefix, message);
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

const nowhere: Send = () => {};
let toWorker = nowhere;
let toCaller = nowhere;

const accept = {
  '/worker': (socket: WebSocket) => {
    toWorker = bareSender(socket);
    bareReceiver(
      socket,
      stage('r', (message) => toCaller(message)),
    );
  },
  '/call': (socket: WebSocket) => {
    toCaller = bareSender(socket);
    bareReceiver(
      socket,
      stage('t', (message) => toWorker(message)),
    );
  },
  '/enqueue': (socket: WebSocket) => {
    const acknowledge = bareSender(socket);
    bareReceiver(
      socket,
      stage('t', (message) => {
        acknowledge([message[0], null]);
        toWorker(message);
      }),
    );
  },
};

const isPath = (path: string): path is keyof typeof accept => path in accept;

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
server.on('connection', (socket, request) => {
  const path = request.url ?? '';
  if (isPath(path)) {
    accept[path](socket);
  }
});
await once(server, 'listening');
const address = server.address();
const port = typeof address === 'object' && address !== null ? address.port : 0;
serveUntilTold(`ws://127.0.0.1:${port}`, () => store.close());
