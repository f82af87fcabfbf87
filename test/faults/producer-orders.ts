/** What a producer is asked to do. */
export interface Order {
  readonly tasks: number;
  readonly batchSize: number;
  readonly seed: number;
}

/** One ENQUEUE, which was sent twice. */
export interface BatchHistory {
  readonly taskIds: readonly string[];
  readonly sentAtUs: number;
  /** When the first of the two was acknowledged; never, if both were refused. */
  readonly ackedAtUs: number | undefined;
  /** How many tasks the manager said it made, over both. */
  readonly created: number;
  readonly refused?: string;
}

/** What a producer tells its parent. */
export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'acked' }
  | { readonly kind: 'done'; readonly batches: readonly BatchHistory[] };
