import type { Log, MillraceError } from '@millrace/protocol';
import {
  type HandlerBinding,
  loadHandlers,
  Worker,
  type WorkerEvent,
  type WorkerOptions,
} from '@millrace/worker';
import type { Configuration } from '../../config/configuration.ts';
import { present } from '../../config/present.ts';
import { exitCodes, reportError } from '../terminal/exit.ts';
import { endProcess, killIfStuck } from './kill.ts';
import { openLog } from './log.ts';
import { narrateAttempts } from './narrate-attempts.ts';
import { exitReserveMs } from './signals.ts';

/** Logs the events of a worker; a lost connection once, not for each attempt to reconnect. */
const narrate = (log: Log, url: string): ((event: WorkerEvent) => void) => {
  let isAway = false;
  return (event) => {
    switch (event.kind) {
      case 'connected':
        isAway = false;
        return log.info({ url, epoch: event.epoch }, `connected to ${url}`);
      case 'disconnected':
        if (!isAway) {
          isAway = true;
          const { code, message } = event.error;
          log.warn(
            { url, code },
            `no connection (${code}); trying again until ${url} answers: ${message}`,
          );
        }
        return;
      case 'drain-requested':
        return log.info({}, `draining: ${event.reason}`);
      case 'attempt-failed': {
        const { attempt, error, name, queue, taskId } = event;
        const [message] = error.message.split('\n');
        return log.warn(
          { queue, name, task: taskId, attempt },
          `an attempt failed: ${error.name}: ${message}`,
        );
      }
      case 'lease-lost':
        return log.warn(
          { task: event.token.taskId },
          'the lease of a task was lost; the result of this attempt does not count',
        );
      default:
        return narrateAttempts(log, event);
    }
  };
};

const describe = ({ aliases, runner, task, versions }: HandlerBinding): string => {
  const names = [task.name, ...aliases].join(' or ');
  const isFirst = versions.every((version) => version === 1);
  const inVersions = isFirst ? '' : ` in version ${versions.join(' or ')}`;
  return `${names}${inVersions} (queue ${task.queue}, ${runner})`;
};

/** The tasks that a module handles, with their versions, queues and runners. */
const tasksOf = async (file: string): Promise<string> =>
  (await loadHandlers(file)).bindings.map(describe).join(', ');

/** Faults after which a new worker in the same process may serve on. */
const isOwnFault = ({ code }: MillraceError): boolean =>
  code === 'WORKER_STUCK' || code === 'UNHANDLED_REJECTION' || code === 'UNCAUGHT_EXCEPTION';

/** What `dev` does beside its worker. */
export interface WorkerHost {
  /** Called after an operator's drain, before the process ends. */
  afterDrain?(): Promise<void>;
  /** Called instead of ending the process when the worker has drained by a fault of its own. */
  onFault?(): Promise<void>;
  /** Part of the configured time of a stop that the host needs itself. */
  readonly reserveMs?: number;
}

/**
 * Starts a worker for a handler module. The process ends when the manager refuses
 * the worker for good, when an operator has drained the worker, and when the worker
 * has drained by a fault of its own.
 */
export const startWorker = async (
  file: string,
  connection: Pick<WorkerOptions, 'url' | 'authkey'>,
  configuration: Configuration,
  host: WorkerHost = {},
): Promise<Worker> => {
  const log = openLog(present({ worker: configuration.get('worker.name') }));
  const tell = narrate(log, connection.url);
  const drainMs = configuration.read('worker.drainMs');
  let isDrained = false;
  const worker = await Worker.start({
    ...connection,
    handlers: file,
    onEvent: (event) => {
      isDrained ||= event.kind === 'drain-requested';
      tell(event);
    },
    drainMs: drainMs - (host.reserveMs ?? 0) - exitReserveMs(drainMs),
    killGraceMs: configuration.read('worker.killGraceMs'),
    catchUncaught: true,
    restartWhenStuck: configuration.read('worker.restartWhenStuck'),
    ...present({ name: configuration.get('worker.name') }),
  });
  log.info({}, `worker handles ${await tasksOf(file)}`);
  void worker.ended.then(async (error) => {
    if (isOwnFault(error) && host.onFault !== undefined) {
      await host.onFault();
      return;
    }
    if (error.code !== 'CLIENT_CLOSED') {
      killIfStuck(worker);
      await endProcess(reportError(error));
    }
    if (isDrained) {
      await worker.stop();
      await host.afterDrain?.();
      killIfStuck(worker);
      await endProcess(exitCodes.ok);
    }
  });
  return worker;
};
