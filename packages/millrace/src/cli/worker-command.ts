import { findConnection } from '@millrace/client';
import { Worker, type WorkerEvent } from '@millrace/worker';
import { exitCodes, reportError } from './exit.ts';
import { onStopSignal, say } from './signals.ts';

export interface WorkerFlags {
  readonly url?: string;
  readonly name?: string;
}

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

/** `millrace worker FILE`: runs the handlers of a module until it is told to stop. */
export const workerCommand = async (file: string, flags: WorkerFlags): Promise<void> => {
  const { secret, url } = findConnection(flags);
  let worker: Worker | undefined;
  onStopSignal((signal) => {
    say(`${signal}: draining`);
    const stopped = worker?.stop() ?? Promise.resolve();
    stopped.then(
      () => process.exit(exitCodes.ok),
      (error: unknown) => process.exit(reportError(error)),
    );
  });
  worker = await Worker.start({
    url,
    authkey: secret,
    handlers: file,
    onEvent: narrate(url),
    ...(flags.name === undefined ? {} : { name: flags.name }),
  });
  const { ended } = worker;
  void ended.then(async (error) => {
    // It was stopped by a signal, or drained by an operator: its children may still be ending.
    await worker?.stop();
    process.exit(error.code === 'CLIENT_CLOSED' ? exitCodes.ok : reportError(error));
  });
};
