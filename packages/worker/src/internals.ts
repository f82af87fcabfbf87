/**
 * The worker without its processes around it, for simulation and tests. Not for
 * users: it changes without notice.
 */
export { createExecutor, type Execution, type Executor } from './executor.ts';
export { LaneLink } from './lane-link.ts';
export { Puller } from './puller.ts';
export { Reporter, type SettleAnswer } from './reporter.ts';
