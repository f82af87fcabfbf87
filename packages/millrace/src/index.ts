/** Everything that users import: the SDK, handlers, the manager, the errors. */
export {
  Manager,
  type ManagerOptions,
  type QueueOptions,
  VERSION,
} from '@millrace/manager';
export * from './client.ts';
export * from './worker.ts';
