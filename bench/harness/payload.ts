export interface Payload {
  /** The time of sending, in rows that measure the pick-up. */
  readonly a: number;
  readonly name: string;
  readonly url: string;
  readonly width: number;
  readonly height: number;
}

/** The payload of every task, the same for every system. */
export const payload: Payload = {
  a: 1,
  name: 'resize',
  url: 'https://example.org/a/b/c.png',
  width: 640,
  height: 480,
};
