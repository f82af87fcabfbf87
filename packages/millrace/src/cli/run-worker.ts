import { loadHandlers, Worker, type WorkerEvent, type WorkerOptions } from '@millrace/worker';
import type { Configuration } from '../config/configuration.ts';
import { present } from '../config/present.ts';
import { exitCodes, reportError } from './exit.ts';
import { say } from './output.ts';

/** Tells each change of the connection once, however often it is tried. */
const narrate = (url: string): ((event: WorkerEvent) => void) => {
  let isAway = false;
  return (event) => {
    switch (event.kind) {
      case 'connected':
        isAway = false;
        return say(`worker connected to ${url}, epoch ${event.epoch}`);
      case 'disconnected':
        if (!isAway) {
          isAway = true;
          say(`worker has no connection (${event.error.code}); trying again until ${url} answers`);
        }
        return;
      case 'drain-requested':
        return say(`draining: ${event.reason}`);
      case 'lease-lost':
        return say(`task ${event.token.taskId}: its lease was lost, the result was not accepted`);
    }
  };
};

/** What the module handles, as one would enqueue it. */
const tasksOf = async (file: string): Promise<string> => {
  const handlers = [...(await loadHandlers(file)).values()];
  return handlers
    .map(({ runner, task }) => `${task.name} (queue ${task.queue}, ${runner})`)
    .join(', ');
};

/** Starts a worker on a handler module; the process ends when the manager refuses it for good. */
export const startWorker = async (
  file: string,
  connection: Pick<WorkerOptions, 'url' | 'authkey'>,
  configuration: Configuration,
): Promise<Worker> => {
  const worker = await Worker.start({
    ...connection,
    handlers: file,
    onEvent: narrate(connection.url),
    drainMs: configuration.read('worker.drainMs'),
    ...present({ name: configuration.get('worker.name') }),
  });
  say(`worker handles ${await tasksOf(file)}`);
  void worker.ended.then(async (error) => {
    // It was stopped by a signal, or drained by an operator: its children may still be ending.
    await worker.stop();
    process.exit(error.code === 'CLIENT_CLOSED' ? exitCodes.ok : reportError(error));
  });
  return worker;
};
