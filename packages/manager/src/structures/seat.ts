import type { ChainEntry } from './chain.ts';

/** A place in a chain for something that is in several chains at once. */
export class Seat<T> implements ChainEntry<Seat<T>> {
  before: Seat<T> | undefined;
  next: Seat<T> | undefined;
  readonly of: T;

  constructor(of: T) {
    this.of = of;
  }
}
