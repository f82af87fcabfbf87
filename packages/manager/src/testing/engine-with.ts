import type { Clock } from '@millrace/protocol';
import type { Engine } from '../engine/engine.ts';
import { Turn } from '../engine/turn.ts';

/** A clock whose turns end as those of the event loop; its time stands still. */
const turnClock: Clock = {
  monotonicMs: () => 0,
  wallMs: () => 0,
  after: () => () => {},
  endOfTurn: (run) => void setImmediate(run),
};

/** An engine with the parts that a test expects to be used; using any other part throws. */
export const engineWith = (parts: Partial<Engine>): Engine => {
  const known: Partial<Engine> = { hasFailed: false, turn: new Turn(turnClock), ...parts };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every other part throws when it is used
  return new Proxy(known, {
    get(target, name) {
      if (!(name in target)) {
        throw new Error(`the test does not expect a use of ${String(name)}`);
      }
      return Reflect.get(target, name) as unknown;
    },
  }) as Engine;
};
