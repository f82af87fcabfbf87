import { fileURLToPath } from 'node:url';
import { dialWebSocket, type Message } from '@millrace/protocol';
import { Worker } from '@millrace/worker';
import { type Tap, tapped } from '../support/tapped-transport.ts';
import { record } from './history.ts';

/**
 * `recording-worker.ts NAME HANDLERS` runs a worker and records its connection: grants,
 * reports, answers, and the tokens that it presents and loses under each epoch.
 */
const recordReceived = (message: Message): void => {
  if (message.verb === 'grant') {
    for (const { epoch, grant, taskId } of message.tasks) {
      record({ kind: 'granted', token: { taskId, epoch, grant } });
    }
  } else if (message.verb === 'session') {
    record({ kind: 'session', epoch: message.epoch, lost: message.lost });
    console.log(`session under epoch ${message.epoch}`);
  }
};

/** The results of unanswered requests, by request id. */
const reported = new Map<number, Extract<Message, { verb: 'settle' }>['results']>();

const recordSent = (message: Message): void => {
  if (message.verb === 'resume') {
    record({ kind: 'resuming', tokens: message.tokens });
  } else if (message.verb === 'settle') {
    reported.set(message.requestId, message.results);
    for (const { epoch, grant, kind, taskId } of message.results) {
      record({ kind: 'reported', token: { taskId, epoch, grant }, result: kind });
    }
  }
};

const recordAnswer = (message: Message): void => {
  if (message.verb === 'settled') {
    for (const [index, { epoch, grant, taskId }] of (
      reported.get(message.requestId) ?? []
    ).entries()) {
      const answer = message.answers[index] ?? 'none';
      record({ kind: 'answered', token: { taskId, epoch, grant }, answer });
    }
    reported.delete(message.requestId);
  }
};

const tap: Tap = {
  sent: recordSent,
  received(message) {
    recordReceived(message);
    recordAnswer(message);
  },
  closed: () => record({ kind: 'down' }),
};

const [name = 'worker', handlers = ''] = process.argv.slice(2);
const worker = await Worker.start({
  url: process.env['MILLRACE_URL'] ?? '',
  authkey: process.env['MILLRACE_AUTHKEY'] ?? '',
  name,
  handlers: fileURLToPath(handlers),
  dial: async (url) => tapped(await dialWebSocket(url), tap),
  onEvent: (event) => {
    if (event.kind === 'lease-lost') {
      console.log(`lease lost ${event.token.taskId} ${event.token.grant}`);
    }
  },
});
console.log('worker runs');
const error = await worker.ended;
console.log(`worker ended: ${error.code}`);
process.exit(1);
