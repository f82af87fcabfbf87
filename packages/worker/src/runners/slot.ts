import type { FromSlot, ToSlot } from './slot-messages.ts';

/** What a thread or process tells the pool that started it. */
export interface SlotEvents {
  onMessage(message: FromSlot): void;
  /** Once, when nothing of it can act any more. `how` reads like `exit code 1`. */
  onExit(how: string): void;
}

/** One thread or one process, started to run one task at a time. */
export interface Slot {
  /** Does nothing once the slot ended. */
  send(message: ToSlot): void;
  /** Ends it by force; `onExit` follows, unless a system call holds a thread. */
  kill(): void;
}

/** Starts a slot that imports the handler module; it reports ready or refused. */
export type StartSlot = (moduleUrl: string, events: SlotEvents) => Slot;
