/**
 * The engine without the manager around it, and the manager without its sockets, for conformance suites, simulation
 * and benchmarks. Not for users: it changes without notice.
 */
export { Broker, type BrokerOptions } from '../broker.ts';
export type { Abort } from '../engine/embedded/core/batch.ts';
export { Core, type Effects } from '../engine/embedded/core/core.ts';
export { metaKey, STORE_VERSION } from '../engine/embedded/core/keys.ts';
export { WINDOW_MAX_TASKS } from '../engine/embedded/core/lane.ts';
export { encodeNumbers } from '../engine/embedded/core/number-record.ts';
export type { CoreOptions, Now } from '../engine/embedded/core/state.ts';
export { taskMoves } from '../engine/embedded/core/task-machine.ts';
export { diskJournal } from '../engine/embedded/disk/disk-journal.ts';
export { lmdbJournal } from '../engine/embedded/disk/lmdb-journal.ts';
export { EmbeddedEngine, type EmbeddedEngineOptions } from '../engine/embedded/embedded-engine.ts';
export type { Journal, JournalSpace, Row, Write } from '../engine/embedded/journal.ts';
export { memoryJournal } from '../engine/embedded/memory-journal.ts';
export type * from '../engine/engine.ts';
export { type Handle, Handles } from '../engine/handles.ts';
