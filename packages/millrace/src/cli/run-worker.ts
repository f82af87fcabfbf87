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

/**
 * Starts a worker on a handler module. The process ends when the manager refuses
 * it for good, and when an operator had it drained.
 *
 * @param afterDrain what else of the process has to end then
 */
export const startWorker = async (
  file: string,
  connection: Pick<WorkerOptions, 'url' | 'authkey'>,
  configuration: Configuration,
  afterDrain: () => Promise<void> = () => Promise.resolve(),
): Promise<Worker> => {
  const tell = narrate(connection.url);
  let isDrained = false;
  const worker = await Worker.start({
    ...connection,
    handlers: file,
    onEvent: (event) => {
      isDrained ||= event.kind === 'drain-requested';
      tell(event);
    },
    drainMs: configuration.read('worker.drainMs'),
    ...present({ name: configuration.get('worker.name') }),
  });
  say(`worker handles ${await tasksOf(file)}`);
  void worker.ended.then(async (error) => {
    if (error.code !== 'CLIENT_CLOSED') {
      process.exit(reportError(error));
    }
    if (isDrained) {
      await worker.stop();
      await afterDrain();
      process.exit(exitCodes.ok);
    }
  });
  return worker;
};
