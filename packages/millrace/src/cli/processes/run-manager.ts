import { HOME_DIRECTORY } from '@millrace/client';
import { Manager } from '@millrace/manager';
import { DEFAULT_QUEUE, messageOf } from '@millrace/protocol';
import type { Configuration } from '../../config/configuration.ts';
import { present } from '../../config/present.ts';
import { reportError } from '../terminal/exit.ts';
import { say } from '../terminal/output.ts';
import { dataDirOf, keyOfHome, servedUrl, writeUrl } from './home.ts';
import { httpOptionsOf } from './http-options.ts';
import { openLog } from './log.ts';

export interface ManagerChoice {
  readonly memory?: boolean;
  readonly queue?: readonly string[];
}

const register = (
  manager: Manager,
  configuration: Configuration,
  named: readonly string[],
): void => {
  for (const [name, options] of configuration.queues) {
    manager.register(name, present(options));
  }
  const others = named.filter((name) => !configuration.queues.has(name));
  for (const name of others) {
    manager.register(name);
  }
  if (others.length === 0 && configuration.queues.size === 0) {
    manager.register(DEFAULT_QUEUE);
  }
};

/** @param served the URL of another manager of this folder, which keeps its place */
const leaveUrl = (directory: string, url: string, served: string | undefined): void => {
  if (served !== undefined && served !== url) {
    say(
      `the manager at ${served} serves this folder, so ${HOME_DIRECTORY}/ keeps its URL; reach this one with --url ${url}`,
    );
    return;
  }
  try {
    writeUrl(directory, url);
  } catch (error) {
    say(
      `cannot write the URL into ${HOME_DIRECTORY}/; set MILLRACE_URL instead: ${messageOf(error)}`,
    );
  }
};

export interface StartedManager {
  readonly manager: Manager;
  readonly url: string;
  readonly authkey: string;
}

/** Starts a manager as configured, and writes its URL. The process ends if the store fails. */
export const startManager = async (
  configuration: Configuration,
  choice: ManagerChoice,
): Promise<StartedManager> => {
  const directory = process.cwd();
  const authkey = configuration.authkey() ?? keyOfHome(directory);
  const dataDir = dataDirOf(configuration);
  const log = openLog();
  const manager = new Manager({
    host: configuration.read('manager.host'),
    port: configuration.read('manager.port'),
    autoQueues: configuration.read('manager.autoQueues'),
    insecure: configuration.read('manager.insecure'),
    payloadMaxBytes: configuration.read('manager.payloadMaxBytes'),
    retainMaxBytes: configuration.read('manager.retainMaxBytes'),
    idleSessionMs: configuration.read('manager.idleSessionMs'),
    sessionsMax: configuration.read('manager.sessionsMax'),
    sessionsPerKeyMax: configuration.read('manager.sessionsPerKeyMax'),
    sessionsPerAddressMax: configuration.read('manager.sessionsPerAddressMax'),
    ...(choice.memory === true ? {} : { dataDir }),
    schedules: [...configuration.schedules.values()],
    authkey,
    log,
    http: httpOptionsOf(configuration),
  });
  register(manager, configuration, choice.queue ?? []);
  const served = await servedUrl(directory, authkey);
  const { epoch, httpUrl, url } = await manager.start();
  leaveUrl(directory, url, served);
  process.stdout.write(`millrace manager listening on ${url}\n`);
  const { kind } = manager.status().store;
  log.info({ url, http: httpUrl, epoch, store: kind }, `manager started, epoch ${epoch}`);
  void manager.failed.then((error) => process.exit(reportError(error)));
  return { manager, url, authkey };
};
