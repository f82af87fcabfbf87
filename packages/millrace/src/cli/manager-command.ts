import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Manager } from '@millrace/manager';
import { DEFAULT_QUEUE } from '@millrace/protocol';
import { present, readConfigFile } from './config-file.ts';
import { exitCodes, reportError } from './exit.ts';
import { keyOfHome, openHome, writeUrl } from './home.ts';
import { onStopSignal, say } from './signals.ts';

export interface ManagerFlags {
  readonly host?: string;
  readonly port?: number;
  readonly data?: string;
  readonly memory?: boolean;
  readonly queue?: readonly string[];
  readonly autoQueues?: boolean;
  readonly insecure?: boolean;
  readonly config?: string;
}

const authkeyFor = (home: string): string => {
  const file = process.env['MILLRACE_AUTHKEY_FILE'];
  return (
    process.env['MILLRACE_AUTHKEY'] ??
    (file === undefined ? keyOfHome(home) : readFileSync(file, 'utf8').trim())
  );
};

const build = (flags: ManagerFlags, home: string): Manager => {
  const config = readConfigFile(flags.config);
  const { host, port, insecure } = flags;
  const dataDir = flags.data ?? config.manager.dataDir ?? join(home, 'store');
  const { dataDir: _dataDir, ...configured } = present(config.manager);
  const manager = new Manager({
    ...configured,
    ...present({ host, port, insecure }),
    ...(flags.autoQueues === true ? { autoQueues: true } : {}),
    ...(flags.memory === true ? {} : { dataDir }),
    authkey: authkeyFor(home),
  });
  for (const [name, options] of Object.entries(config.queues)) {
    manager.register(name, present(options));
  }
  const named = (flags.queue ?? []).filter((name) => !(name in config.queues));
  for (const name of named) {
    manager.register(name);
  }
  if (named.length === 0 && Object.keys(config.queues).length === 0) {
    manager.register(DEFAULT_QUEUE);
  }
  return manager;
};

/** `millrace manager`: serves until it is told to stop, or its store fails. */
export const managerCommand = async (flags: ManagerFlags): Promise<void> => {
  const home = openHome(process.cwd());
  const manager = build(flags, home);
  const { epoch, url } = await manager.start();
  writeUrl(home, url);
  process.stdout.write(`millrace manager listening on ${url}\n`);
  say(`epoch ${epoch}, store ${manager.status().store.kind}, pid ${process.pid}`);
  void manager.failed.then((error) => {
    reportError(error);
    process.exit(exitCodes.storeFailed);
  });
  onStopSignal((signal) => {
    say(`${signal}: saying goodbye`);
    manager.stop().then(
      () => process.exit(exitCodes.ok),
      (error: unknown) => process.exit(reportError(error)),
    );
  });
};
