/**
 * The engine without the manager around it, and the manager without its sockets, for conformance suites, simulation
 * and benchmarks. Not for users: it changes without notice.
 */
export { Broker, type BrokerOptions } from './broker.ts';
export type { Abort } from './engine/core/batch.ts';
export { Core, type Effects } from './engine/core/core.ts';
export { type Handle, Handles } from './engine/core/handles.ts';
export { WINDOW_MAX_TASKS } from './engine/core/lane.ts';
export { metaKey, STORE_VERSION } from './engine/core/rows/keys.ts';
export { encodeNumbers } from './engine/core/rows/number-record.ts';
export type { CoreOptions, Now } from './engine/core/state.ts';
export { taskMoves } from './engine/core/task-machine.ts';
export { EmbeddedEngine, type EmbeddedEngineOptions } from './engine/embedded-engine.ts';
export type * from './engine/engine.ts';
export { diskJournal } from './engine/store/disk/disk-journal.ts';
export { lmdbJournal } from './engine/store/disk/lmdb-journal.ts';
export type { Journal, JournalSpace, Row, Write } from './engine/store/journal.ts';
export { memoryJournal } from './engine/store/memory/memory-journal.ts';
