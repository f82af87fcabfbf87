/**
 * beanstalkd's two ends, in its text protocol. Frozen, so that results stay comparable.
 *
 * Commands are sent without waiting for earlier answers, and all commands of one turn
 * in one write. Each slot of a worker has its own connection, because a waiting
 * `reserve` blocks later commands on its connection. The `delete` of one job and the
 * `reserve` of the next share a write.
 * https://github.com/beanstalkd/beanstalkd/blob/master/doc/protocol.txt
 */
import { once } from 'node:events';
import { connect as dial } from 'node:net';

const PUT = 'put 0 0 60';
const END = '\r\n';

/** Splits the received text into answers: a line, and the body that follows RESERVED. */
const reader = (take) => {
  let rest = '';
  return (text) => {
    rest += text;
    let from = 0;
    for (;;) {
      const end = rest.indexOf(END, from);
      if (end < 0) {
        break;
      }
      const line = rest.slice(from, end);
      const bodyBytes = line.startsWith('RESERVED')
        ? Number(line.slice(line.lastIndexOf(' ')))
        : -1;
      const next = end + END.length + (bodyBytes < 0 ? 0 : bodyBytes + END.length);
      if (next > rest.length) {
        break;
      }
      take(line, bodyBytes < 0 ? '' : rest.slice(end + END.length, next - END.length));
      from = next;
    }
    rest = rest.slice(from);
  };
};

const connect = async (port, take) => {
  const socket = dial({ host: '127.0.0.1', port: Number(port), noDelay: true });
  await once(socket, 'connect');
  // Latin-1 has one character for each byte, so string lengths are lengths in bytes.
  socket.setEncoding('latin1');
  socket.on('data', reader(take));
  let waiting = '';
  const send = (commands) => {
    if (waiting === '') {
      setImmediate(() => {
        socket.write(waiting, 'latin1');
        waiting = '';
      });
    }
    waiting += commands;
  };
  return { send, close: async () => void socket.destroy() };
};

const toText = (payload) => Buffer.from(JSON.stringify(payload)).toString('latin1');
const fromText = (body) => JSON.parse(Buffer.from(body, 'latin1').toString());

export const producer = async (address) => {
  const waiting = [];
  let answered = 0;
  const connection = await connect(address, (line) => {
    const { reject, resolve } = waiting[answered];
    answered += 1;
    if (answered === waiting.length) {
      waiting.length = 0;
      answered = 0;
    }
    if (line.startsWith('INSERTED')) {
      resolve();
    } else {
      reject(new Error(line));
    }
  });
  const enqueue = (payload) =>
    new Promise((resolve, reject) => {
      const body = toText(payload);
      waiting.push({ resolve, reject });
      connection.send(`${PUT} ${body.length}${END}${body}${END}`);
    });
  return {
    enqueue,
    enqueueMany: (payloads) => Promise.all(payloads.map(enqueue)),
    close: connection.close,
  };
};

const startSlot = async (address, handle) => {
  const connection = await connect(address, (line, body) => {
    if (line.startsWith('RESERVED')) {
      handle(fromText(body));
      connection.send(`delete ${line.split(' ')[1]}${END}reserve${END}`);
    }
  });
  connection.send(`reserve${END}`);
  return connection;
};

export const worker = async (address, slots, handle) => {
  const connections = await Promise.all(
    Array.from({ length: slots }, () => startSlot(address, handle)),
  );
  return { close: async () => void (await Promise.all(connections.map((each) => each.close()))) };
};
