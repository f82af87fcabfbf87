/** A process of the benchmark, seen from inside: it prints a line, and ends when its stdin ends. */
import { createInterface } from 'node:readline';

/** Prints a line, and ends this process when the parent closes its stdin or is gone. */
export const serveUntilTold = (says: string, close: () => Promise<void>): void => {
  process.stdin.resume();
  process.stdin.once('end', () => {
    void close().then(() => process.exit(0));
  });
  console.log(says);
};

export type Answer = Readonly<Record<string, number>>;
export type Order = Readonly<Record<string, unknown>> & { readonly order: string };

/** Carries out orders and answers them, one JSON line each. */
export const takeOrders = (
  orders: Readonly<Record<string, (order: Order) => Promise<Answer>>>,
  close: () => Promise<void>,
): void => {
  const answer = async (line: string): Promise<object> => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parent of this very program wrote it
    const order = JSON.parse(line) as Order;
    try {
      return (await orders[order.order]?.(order)) ?? { error: `no order '${order.order}'` };
    } catch (error) {
      return { error: String(error) };
    }
  };
  createInterface(process.stdin).on('line', (line) => {
    void answer(line).then((said) => console.log(JSON.stringify(said)));
  });
  serveUntilTold('ready', close);
};
