import { type Client, type ConnectOptions, connect } from '@millrace/client';
import { codeOf, type Status } from '@millrace/protocol';
import { exitCodes } from '../exit.ts';
import { print } from '../output.ts';
import { paint } from '../paint.ts';
import { duration } from '../units.ts';
import { renderStatus } from './render.ts';
import { Screen } from './screen.ts';

const PERIOD_MS = 1_000;
/** An answer that takes longer is not waited for; the screen says since when. */
const PATIENCE_MS = 1_500;

const wait = (ms: number): Promise<undefined> =>
  new Promise((resolve) => setTimeout(resolve, ms, undefined));

/** What no amount of trying mends. */
const isFinal = (error: unknown): boolean => {
  const code = codeOf(error);
  return code === 'AUTH_FAILED' || code === 'UNSUPPORTED_VERSION' || code === 'CONFIG_NOT_FOUND';
};

/** Asks again and again, through restarts of the manager. */
class Watcher {
  readonly #options: ConnectOptions;
  #client: Client | undefined;
  #asking: Promise<Status> | undefined;

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  /** The status; nothing while no manager answers. @throws AUTH_FAILED and other final errors */
  async ask(): Promise<Status | undefined> {
    try {
      this.#client ??= await connect(this.#options);
      // A question that was not answered is still being asked.
      this.#asking ??= this.#client.status();
      const status = await Promise.race([this.#asking, wait(PATIENCE_MS)]);
      this.#asking = status === undefined ? this.#asking : undefined;
      return status;
    } catch (error) {
      if (isFinal(error)) {
        throw error;
      }
      this.#client = undefined;
      this.#asking = undefined;
      return undefined;
    }
  }

  close(): void {
    void this.#client?.close().catch(() => {});
  }
}

const away = (last: Status | undefined, sinceMs: number): string => {
  const what = `no manager answers for ${duration(performance.now() - sinceMs)}; trying again`;
  const before = last === undefined ? '' : `\n\nbefore that:\n\n${renderStatus(last)}`;
  return `${paint('red', 'UNREACHABLE')}  ${what}${before}`;
};

const help = (): string => (process.stdin.isTTY ? 'q quits' : 'Ctrl-C quits');

type Show = (status: Status | undefined, text: string) => void;

const toScreen = (quit: () => void): Show => {
  const screen = new Screen(process.stdout);
  screen.open(quit);
  return (_status, text) => screen.show(`${text}\n\n${help()}`);
};

const toPipe =
  (asJson: boolean): Show =>
  (status, text) => {
    if (!asJson) {
      print(`${text}\n`);
    } else if (status !== undefined) {
      print(JSON.stringify(status));
    }
  };

/**
 * Shows the status each second until it is told to stop: on a terminal as a
 * screen, otherwise as one block, or one line of JSON, after another.
 */
export const watchStatus = async (options: ConnectOptions, asJson: boolean): Promise<never> => {
  const watcher = new Watcher(options);
  const quit = (): never => {
    watcher.close();
    return process.exit(exitCodes.ok);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, quit);
  }
  const show = process.stdout.isTTY && !asJson ? toScreen(quit) : toPipe(asJson);
  let last: Status | undefined;
  let heardAtMs = performance.now();
  for (;;) {
    const status = await watcher.ask();
    if (status === undefined) {
      show(undefined, away(last, heardAtMs));
    } else {
      last = status;
      heardAtMs = performance.now();
      show(status, renderStatus(status));
    }
    await wait(PERIOD_MS);
  }
};
