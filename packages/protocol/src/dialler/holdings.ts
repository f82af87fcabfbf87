import { TurnoverMap } from '../runtime/turnover-map.ts';
import { MillraceError } from '../words/errors.ts';
import { type Token, tokenKey } from '../words/task.ts';

/**
 * The items that a peer holds and those that the takes in flight may bring.
 * Together they are never more than one RESUME can present.
 */
export class Holdings {
  readonly #tokens = new TurnoverMap<string, Token>();
  readonly #max: number;
  #takes = 0;

  /** @param max how many tokens one RESUME carries; Infinity for a peer that never resumes */
  constructor(max: number) {
    this.#max = max;
  }

  /** How many more items may be held. */
  get room(): number {
    return this.#max - this.#tokens.size - this.#takes;
  }

  /**
   * Runs a take of at most so many items.
   *
   * @throws TOO_MANY_REQUESTS; and what `take` throws
   */
  async during<T>(items: number, take: () => Promise<T>): Promise<T> {
    if (this.room < items) {
      throw new MillraceError(
        'TOO_MANY_REQUESTS',
        `this process holds ${this.#tokens.size} items and waits for ${this.#takes}, the limit is ${this.#max} in all: acknowledge or release some first`,
      );
    }
    this.#takes += items;
    try {
      return await take();
    } finally {
      this.#takes -= items;
    }
  }

  /** The token is held from now on. */
  add(token: Token): void {
    this.#tokens.set(tokenKey(token), token);
  }

  /** The token is settled, or never will be. */
  remove(token: Token): void {
    this.#tokens.delete(tokenKey(token));
  }

  tokens(): Token[] {
    return [...this.#tokens.values()];
  }
}
