export interface Payload {
  /** The time of sending, where that is measured. */
  readonly a: number;
  readonly name: string;
  readonly url: string;
  readonly width: number;
  readonly height: number;
}

/** Of every task of every system. */
export const payload: Payload = {
  a: 1,
  name: 'resize',
  url: 'https://example.org/a/b/c.png',
  width: 640,
  height: 480,
};
