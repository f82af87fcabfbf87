/** The entry of the heartbeat thread. */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { parentPort, workerData } from 'node:worker_threads';
import { dialWebSocket, type PeerReport, systemClock } from '@millrace/protocol';
import { askMainThread } from '../runners/main-thread.ts';
import { tuning } from '../tuning.ts';
import { blockingExpression, readBlocking } from './blocking.ts';
import { HeartbeatLink, type HeartbeatTarget } from './heartbeat-link.ts';
import type { LoopResumed, ThreadData } from './heartbeat-thread.ts';
import { Pulse } from './pulse.ts';
import { residentBytes } from './resident-bytes.ts';
import { StopSignals, stopSignals } from './stop-signals.ts';
import { Watchdog } from './watchdog.ts';

const STDERR = 2;
const LEVELS = { warn: 40, error: 50 } as const;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- heartbeat-thread.ts passes it
const { drainMs, killGraceMs, pulseBuffer, worker } = workerData as ThreadData;
const pulse = new Pulse(pulseBuffer);

/** One line like those of the CLI: JSON unless stderr is a terminal. A lost stderr is ignored. */
const say = (level: keyof typeof LEVELS, msg: string, task: string | undefined): void => {
  const { pid } = process;
  const facts = { level: LEVELS[level], time: Date.now(), pid, worker, task, msg };
  const about = task === undefined ? '' : ` task=${task}`;
  const line = isatty(STDERR) ? `millrace: ${msg}${about}` : JSON.stringify(facts);
  try {
    writeSync(STDERR, `${line}\n`);
  } catch {
    return;
  }
};

const watchdog = new Watchdog({
  clock: systemClock,
  drainMs,
  killGraceMs,
  read: () => pulse.read(),
  ask: (answered) =>
    askMainThread(blockingExpression, (text) =>
      answered(text === undefined ? undefined : readBlocking(text)),
    ),
  say,
  resumed: (silentMs, blocking) => {
    const message: LoopResumed = {
      silentMs,
      taskId: blocking?.taskId,
      name: blocking?.name,
      place: blocking?.place,
    };
    parentPort?.postMessage(message, []);
  },
  kill: () => {
    process.kill(process.pid, 'SIGKILL');
    // The init process of a container is not ended by a signal of its own.
    askMainThread('process.abort()', () => {});
  },
});

const signals = new StopSignals(constants.signals, (signal) => {
  if ((pulse.read().signals & (1 << stopSignals.indexOf(signal))) === 0) {
    // The main thread listens no more, so the default action is due.
    signals.listen(0);
    process.kill(process.pid, signal);
    return;
  }
  watchdog.signalled(signal);
});

const watch = (): void => {
  signals.listen(pulse.read().signals);
  watchdog.tick();
};
watch();
setInterval(watch, tuning.watchdogTickMs);

/** The numbers of slots are in the reports of the main connection. */
const report = (): PeerReport => ({
  loopLagMs: watchdog.blocked?.silentMs ?? 0,
  rssBytes: residentBytes(),
  slots: 0,
  busySlots: 0,
  lostSlots: undefined,
  lost: undefined,
  blocked: watchdog.blocked,
});

const link = new HeartbeatLink({ clock: systemClock, dial: dialWebSocket, randomBytes, report });

parentPort?.on('message', (next: HeartbeatTarget) => link.follow(next));
parentPort?.postMessage('ready', []);
