import { createRequire } from 'node:module';

/** The signals that ask a process to stop. */
export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type StopSignal = (typeof stopSignals)[number];

/** The signals that this process listens to, as bits by their place in `stopSignals`. */
export const listenedSignals = (): number =>
  stopSignals.reduce(
    (bits, signal, index) => (process.listenerCount(signal) > 0 ? bits | (1 << index) : bits),
    0,
  );

interface SignalHandle {
  onsignal: () => void;
  start(signal: number): number;
  unref(): void;
  close(): void;
}

type SignalClass = new () => SignalHandle;

/**
 * Node has no public way to receive a signal in a thread other than the main one.
 * Its own tests use this module, which a thread has with `--expose-internals`.
 */
const signalClass = (): SignalClass | undefined => {
  try {
    const require = createRequire(import.meta.url);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape of Node's internal module; a failure is caught
    const { internalBinding } = require('internal/test/binding') as {
      readonly internalBinding: (name: string) => { readonly Signal: SignalClass };
    };
    return internalBinding('signal_wrap').Signal;
  } catch {
    return undefined;
  }
};

/** Receives stop signals in this thread, beside the main thread. */
export class StopSignals {
  readonly #received: (signal: StopSignal) => void;
  readonly #numbers: Readonly<Record<StopSignal, number>>;
  readonly #Signal = signalClass();
  readonly #handles = new Map<StopSignal, SignalHandle>();

  constructor(
    numbers: Readonly<Record<StopSignal, number>>,
    received: (signal: StopSignal) => void,
  ) {
    this.#numbers = numbers;
    this.#received = received;
  }

  /** Listens to the signals of these bits, and to no other, whose default action stays in force. */
  listen(bits: number): void {
    for (const [index, signal] of stopSignals.entries()) {
      const isWanted = (bits & (1 << index)) !== 0;
      const handle = this.#handles.get(signal);
      if (isWanted && handle === undefined) {
        this.#open(signal);
      } else if (!isWanted && handle !== undefined) {
        handle.close();
        this.#handles.delete(signal);
      }
    }
  }

  #open(signal: StopSignal): void {
    if (this.#Signal !== undefined) {
      const handle = new this.#Signal();
      handle.onsignal = () => this.#received(signal);
      handle.unref();
      handle.start(this.#numbers[signal]);
      this.#handles.set(signal, handle);
    }
  }
}
