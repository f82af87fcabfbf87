/**
 * The parts of a worker, for the simulation and tests. Not for users: these exports
 * change without notice.
 */
export type { Execution } from './execution/execution.ts';
export { createExecutor, type Executor } from './execution/executor.ts';
export { HeartbeatLink } from './heartbeat/heartbeat-link.ts';
export { Pulse } from './heartbeat/pulse.ts';
export { Watchdog } from './heartbeat/watchdog.ts';
export { Puller } from './pulling/puller.ts';
export { Reporter, type SettleAnswer } from './pulling/reporter.ts';
export { tuning } from './tuning.ts';
