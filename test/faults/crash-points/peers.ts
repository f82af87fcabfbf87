import { type Client, connect } from '@millrace/client';
import {
  type Dial,
  decodePayload,
  dialWebSocket,
  type Message,
  type MessageNamed,
} from '@millrace/protocol';
import { Worker } from '@millrace/worker';
import { type Tap, tapped } from '../../support/tapped-transport.ts';
import type { Ledger } from './ledger.ts';
import { crashHandlers } from './tasks.ts';

type Result = MessageNamed<'settle'>['results'][number];

/** Records every result that the manager accepted. */
class SettleTap implements Tap {
  readonly #ledger: Ledger;
  readonly #reported = new Map<number, readonly Result[]>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  sent(message: Message): void {
    if (message.verb === 'settle') {
      this.#reported.set(message.requestId, message.results);
    }
  }

  received(message: Message): void {
    if (message.verb === 'settled') {
      const results = this.#reported.get(message.requestId) ?? [];
      this.#reported.delete(message.requestId);
      for (const [index, result] of results.entries()) {
        if (message.answers[index] === 'accepted') {
          this.#accepted(result);
        }
      }
    }
  }

  #accepted({ error, kind, result, taskId }: Result): void {
    if (kind === 'succeeded' && result !== undefined) {
      this.#ledger.ended(taskId, JSON.stringify(decodePayload(result, 'a result')));
    } else if (kind === 'failed') {
      this.#ledger.ended(taskId, `TASK_DEAD: ${error?.message ?? ''}`);
    }
  }
}

/** A gate before the dialling peers: while it is shut, dials wait. */
class Gate {
  #open = Promise.resolve();
  #letThrough = (): void => {};

  shut(): void {
    this.#open = new Promise((resolve) => {
      this.#letThrough = resolve;
    });
  }

  open(): void {
    this.#letThrough();
  }

  get isOpen(): Promise<void> {
    return this.#open;
  }
}

/**
 * A client and a worker that outlive their managers. While the gate is shut they stay
 * away, so that a restarted manager can be examined first.
 */
export class Peers {
  readonly client: Client;
  readonly gate: Gate;
  readonly #worker: Worker;

  private constructor(client: Client, worker: Worker, gate: Gate) {
    this.client = client;
    this.#worker = worker;
    this.gate = gate;
  }

  static async start(url: string, authkey: string, ledger: Ledger): Promise<Peers> {
    const gate = new Gate();
    const tap = new SettleTap(ledger);
    const dial: Dial = async (to) => {
      await gate.isOpen;
      return dialWebSocket(to);
    };
    const client = await connect({ url, authkey, name: 'crash client', dial });
    const worker = await Worker.start({
      url,
      authkey,
      name: 'crash worker',
      handlers: crashHandlers,
      drainMs: 100,
      dial: async (to) => tapped(await dial(to), tap),
    });
    return new Peers(client, worker, gate);
  }

  async close(): Promise<void> {
    this.gate.open();
    await Promise.all([this.client.close(), this.#worker.stop()]);
  }
}
