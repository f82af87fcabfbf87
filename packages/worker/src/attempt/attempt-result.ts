import type { TaskError } from '@millrace/protocol';

/** How one run of a task ended. Closed: whatever fits nothing else is `failed`. */
export type AttemptResult =
  | { readonly kind: 'succeeded'; readonly result: Uint8Array }
  | { readonly kind: 'failed'; readonly error: TaskError }
  | { readonly kind: 'timed-out'; readonly error: TaskError }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'released' };

export type FailedAttempt = Extract<AttemptResult, { readonly error: TaskError }>;
