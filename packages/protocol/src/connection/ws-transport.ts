import { WebSocket } from 'ws';
import { type Cancel, systemClock } from '../runtime/clock.ts';
import { MillraceError } from '../words/errors.ts';
import { checkText } from '../words/given.ts';
import { limits } from '../words/limits.ts';
import type { Transport, TransportEvents } from './transport.ts';

const silent: TransportEvents = { frame() {}, drained() {}, closed() {} };

const PROTOCOL_ERROR = 1002;

/**
 * The end that sends the first FIN keeps TIME_WAIT. With close frames of WebSocket both
 * ends send FIN at the same time, and a fifth of the goodbyes leave TIME_WAIT with the
 * manager; so neither end sends a close frame. The dialler ends TCP as soon as its frames
 * have left, and the manager waits for that.
 */
const endTcp = (socket: WebSocket, side: 'dialler' | 'manager'): void => {
  if (side === 'dialler' && socket.bufferedAmount === 0) {
    socket.terminate();
  }
};

/** A `ws` socket as a transport. Text messages and pings of WebSocket are not used. */
export const wsTransport = (
  socket: WebSocket,
  remoteAddress: string,
  side: 'dialler' | 'manager' = 'manager',
): Transport => {
  let closing: Cancel | undefined;
  let events = silent;
  let endReason = 'the connection ended';
  const sent = (): void => {
    if (socket.bufferedAmount === 0) {
      events.drained();
    }
    if (closing !== undefined) {
      endTcp(socket, side);
    }
  };
  socket.on('message', (data: unknown, isBinary: boolean) => {
    if (isBinary && data instanceof Uint8Array) {
      events.frame(data);
    } else {
      socket.close(PROTOCOL_ERROR, 'binary messages only');
    }
  });
  socket.on('error', (error) => {
    endReason = error.message;
  });
  socket.on('close', () => {
    closing?.();
    events.closed(endReason);
  });
  return {
    remoteAddress,
    listen(receiver) {
      events = receiver;
      if (socket.readyState === WebSocket.CLOSED) {
        receiver.closed(endReason);
      }
    },
    send(frame) {
      if (socket.readyState === WebSocket.OPEN) {
        socket.send(frame, { binary: true }, sent);
      }
    },
    get waitingBytes() {
      return socket.bufferedAmount;
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close() {
      if (closing === undefined && socket.readyState !== WebSocket.CLOSED) {
        closing = systemClock.after(limits.farewellMaxMs, () => socket.terminate());
        endTcp(socket, side);
      }
    },
    terminate: () => socket.terminate(),
  };
};

/** Bad gateway, unavailable, gateway timeout: what a proxy answers while its server is away. */
const PROXY_FAILURES: readonly number[] = [502, 503, 504];

const reasonOf = (error: NodeJS.ErrnoException): string => {
  if (error.code === 'ECONNREFUSED') {
    return 'nothing listens there; start one (millrace manager), or correct the URL';
  }
  if (error.code === 'EPROTO' || error.code?.startsWith('ERR_SSL') === true) {
    return 'what listens there does not speak TLS, and a manager does not: use ws://, or the URL of a proxy that ends TLS';
  }
  const [, status] = /^Unexpected server response: (\d+)$/.exec(error.message) ?? [];
  if (status === undefined) {
    return error.message;
  }
  return PROXY_FAILURES.includes(Number(status))
    ? `a proxy answered ${status}, because it reaches no manager; start the manager, or correct the proxy`
    : `a server that is not a manager answered ${status}; correct the URL`;
};

/**
 * A mask of zeros changes no byte, which saves a pass over all bytes at each end. Masks
 * keep a page in a browser from forging requests to a proxy; this code runs in no browser.
 */
const noMask = (mask: Buffer): void => {
  mask.fill(0);
};

/** Opens a connection to a manager. An aborted signal ends the dial. */
export type Dial = (url: string, signal?: AbortSignal) => Promise<Transport>;

/** @throws BAD_OPTION unless it is `ws://` or `wss://` with a host; proxies on the way may need the path */
export const checkManagerUrl = (url: string): void => {
  checkText(url, 'the URL of a manager');
  if (!/^wss?:\/\//.test(url) || !URL.canParse(url) || new URL(url).hash !== '') {
    throw new MillraceError('BAD_OPTION', `the URL of a manager is ws://HOST:PORT, not '${url}'`);
  }
};

/**
 * Dials `ws://host:port`.
 *
 * @throws CONNECT_FAILED, BAD_OPTION
 */
export const dialWebSocket: Dial = (url, signal) =>
  new Promise((resolve, reject) => {
    checkManagerUrl(url);
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      generateMask: noMask,
      handshakeTimeout: limits.dialMaxMs,
      maxPayload: limits.frameMaxBytes * 2,
    });
    const end = (): void => socket.terminate();
    signal?.addEventListener('abort', end);
    socket.once('close', () => signal?.removeEventListener('abort', end));
    socket.once('open', () => {
      signal?.removeEventListener('abort', end);
      socket.removeAllListeners('error');
      resolve(wsTransport(socket, url, 'dialler'));
    });
    socket.on('error', (error) => {
      reject(
        new MillraceError('CONNECT_FAILED', `no manager answered at ${url}: ${reasonOf(error)}`, {
          cause: error,
        }),
      );
    });
  });
