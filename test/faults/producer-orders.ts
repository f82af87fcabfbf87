/** The order of a parent to its producer. */
export interface Order {
  readonly tasks: number;
  readonly batchSize: number;
  readonly seed: number;
}

/** One ENQUEUE, which was sent twice. */
export interface BatchHistory {
  readonly taskIds: readonly string[];
  readonly sentAtUs: number;
  /** The time of the first acknowledgement; undefined if both requests were refused. */
  readonly ackedAtUs: number | undefined;
  /** The number of tasks that the manager created, by both its answers. */
  readonly created: number;
  readonly refused?: string;
}

/** The messages of a producer to its parent. */
export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'acked' }
  | { readonly kind: 'done'; readonly batches: readonly BatchHistory[] };
