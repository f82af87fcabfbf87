/** The entry of a thread slot; its `workerData` is the URL of the handler module. */
import { parentPort, workerData } from 'node:worker_threads';
import { serveSlot } from './serve-slot.ts';
import { isToSlot } from './slot.ts';

const port = parentPort;
if (port === null) {
  throw new Error('thread-main must be started by the thread runner');
}

const receive = await serveSlot(String(workerData), (message) => port.postMessage(message));
port.on('message', (message: unknown) => {
  if (isToSlot(message)) {
    receive?.(message);
  }
});
