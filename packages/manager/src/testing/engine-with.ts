import type { Clock } from '@millrace/protocol';
import type { Engine } from '../engine/engine.ts';
import { Turn } from '../engine/turn.ts';

/** Ends of turns that come as they do in life; nothing else of a clock. */
const turnClock: Clock = {
  monotonicMs: () => 0,
  wallMs: () => 0,
  after: () => () => {},
  endOfTurn: (run) => void setImmediate(run),
};

/** An engine of which a test supplies the parts that it expects to be used; any other throws. */
export const engineWith = (parts: Partial<Engine>): Engine => {
  const known: Partial<Engine> = { hasFailed: false, turn: new Turn(turnClock), ...parts };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is not known throws when it is used
  return new Proxy(known, {
    get(target, name) {
      if (!(name in target)) {
        throw new Error(`nobody should have asked the engine for ${String(name)}`);
      }
      return Reflect.get(target, name) as unknown;
    },
  }) as Engine;
};
