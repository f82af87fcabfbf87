export type { HttpOptions } from './door/http/http-options.ts';
export type { Engine, EngineEvents, QueueSpec } from './engine/engine.ts';
export { Manager, type ManagerOptions, type QueueOptions, type Started } from './manager.ts';
export { VERSION } from './version.ts';
