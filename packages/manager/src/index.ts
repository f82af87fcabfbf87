export type { Engine, EngineEvents, QueueSpec } from './engine/engine.ts';
export { Manager, type ManagerOptions, type QueueOptions } from './manager.ts';
export { VERSION } from './version.ts';
