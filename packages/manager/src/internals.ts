/**
 * The engine without the manager around it, and the manager without its sockets, for
 * conformance suites, simulation and benchmarks. Not for users: it changes without notice.
 */
export { Broker, type BrokerOptions } from './broker.ts';
export { audit } from './engine/core/audit/audit.ts';
export { auditMemory } from './engine/core/audit/memory-audit.ts';
export type { Batch } from './engine/core/batch.ts';
export { committed, type Effects, type Finished } from './engine/core/committed.ts';
export { type Handle, Handles } from './engine/core/handles.ts';
export { load } from './engine/core/load.ts';
export type { QueueSpec } from './engine/core/queue.ts';
export { metaKey } from './engine/core/rows/keys.ts';
export { LAYOUT } from './engine/core/rows/layouts.ts';
export { encodeNumbers } from './engine/core/rows/numbers.ts';
export { seal } from './engine/core/seal.ts';
export { type Now, State } from './engine/core/state.ts';
export { taskMoves } from './engine/core/task-machine.ts';
export { nextTickInMs, tick } from './engine/core/upkeep.ts';
export type { CancelAnswer } from './engine/core/verbs/cancel.ts';
export type { Grant } from './engine/core/verbs/claim.ts';
export type { EnqueueAnswer } from './engine/core/verbs/enqueue.ts';
export { fireSchedule } from './engine/core/verbs/fire-schedule.ts';
export type { ListRequest, TaskSummary } from './engine/core/verbs/list-tasks.ts';
export type { ScheduleRequest } from './engine/core/verbs/schedule.ts';
export type { AttemptReport, SettleAnswer } from './engine/core/verbs/settle.ts';
export { verbs } from './engine/core/verbs/table.ts';
export { type Engine, type EngineEvents, makeEngine } from './engine/engine.ts';
export { diskJournal } from './engine/store/disk/disk-journal.ts';
export { lmdbJournal } from './engine/store/disk/lmdb-journal.ts';
export type { Journal, JournalSpace, Row, Write } from './engine/store/journal.ts';
export { memoryJournal } from './engine/store/memory/memory-journal.ts';
export type { AdmissionBounds } from './peers/admission.ts';
export { tuning } from './tuning.ts';
