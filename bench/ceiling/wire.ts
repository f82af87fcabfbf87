import { pack, unpack } from 'msgpackr';
import type { WebSocket } from 'ws';

export type Bare = readonly [id: number, body: unknown];

/** Gathers the messages of one turn into one frame. */
export const bareSender = (socket: WebSocket): ((message: Bare) => void) => {
  let waiting: Bare[] = [];
  return (message) => {
    if (waiting.length === 0) {
      setImmediate(() => {
        const frame = pack(waiting);
        waiting = [];
        socket.send(frame);
      });
    }
    waiting.push(message);
  };
};

/** Calls `take` with the messages of each frame. */
export const bareReceiver = (
  socket: WebSocket,
  take: (messages: readonly Bare[]) => void,
): void => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the ceiling checks nothing
  socket.on('message', (frame: Buffer) => take(unpack(frame) as Bare[]));
};
