import {
  CallAborted,
  type CallOptions,
  type Clock,
  checkCall,
  checkTimeout,
  type Link,
  MillraceError,
  messageOf,
} from '@millrace/protocol';

export interface ConnectPatience extends CallOptions {
  /** How long to try again while no manager can be reached. Default 0. */
  readonly waitMs?: number;
}

/** The last failure, or TIMEOUT if the first attempt has not ended yet. */
const tooLate = (link: Link, waitedMs: number): MillraceError => {
  const { trouble } = link;
  return trouble === undefined
    ? new MillraceError('TIMEOUT', `no manager was connected within ${waitedMs} ms`)
    : new MillraceError(trouble.code, `${trouble.message} (tried for ${waitedMs} ms)`, {
        cause: trouble.cause ?? trouble,
      });
};

const outOfTime = (link: Link, timeoutMs: number): MillraceError => {
  const { trouble } = link;
  const because = trouble === undefined ? '' : `: ${messageOf(trouble)}`;
  return new MillraceError('TIMEOUT', `not connected within ${timeoutMs} ms${because}`, {
    cause: trouble,
  });
};

/**
 * Connects a link, within the patience of its caller.
 *
 * @throws what `Link.start` throws; TIMEOUT, ABORTED, BAD_OPTION
 */
export const startPatiently = async (
  link: Link,
  clock: Clock,
  patience: ConnectPatience,
): Promise<void> => {
  checkCall(patience, 'connect');
  const { signal, timeoutMs = Number.POSITIVE_INFINITY, waitMs = 0 } = patience;
  checkTimeout(waitMs, 'the wait of connect');
  const abort = (): void =>
    link.abandon(new CallAborted('ABORTED', 'connecting was aborted', signal?.reason));
  if (signal?.aborted === true) {
    abort();
  }
  const stops = [
    Number.isFinite(timeoutMs)
      ? clock.after(timeoutMs, () => link.abandon(outOfTime(link, timeoutMs)))
      : () => {},
    waitMs > 0 && Number.isFinite(waitMs)
      ? clock.after(waitMs, () => link.abandon(tooLate(link, waitMs)))
      : () => {},
  ];
  signal?.addEventListener('abort', abort);
  try {
    await link.start(waitMs > 0);
  } finally {
    signal?.removeEventListener('abort', abort);
    for (const stop of stops) {
      stop();
    }
  }
};
