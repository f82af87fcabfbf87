export type { HttpOptions } from './door/http/http-options.ts';
export type { QueueSpec } from './engine/core/queue.ts';
export type { Engine, EngineEvents } from './engine/engine.ts';
export { Manager, type ManagerOptions, type QueueOptions, type Started } from './manager.ts';
export {
  backUpStore,
  checkStore,
  compactStore,
  inspectStore,
  restoreStore,
  type StoreCheck,
  type StoreReport,
} from './store.ts';
export { VERSION } from './version.ts';
