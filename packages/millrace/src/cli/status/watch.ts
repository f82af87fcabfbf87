import { type Client, type ConnectOptions, connect } from '@millrace/client';
import { codeOf, type Status } from '@millrace/protocol';
import { tuning } from '../../tuning.ts';
import { exitCodes } from '../terminal/exit.ts';
import { print } from '../terminal/output.ts';
import { paint } from '../terminal/paint.ts';
import { duration } from '../terminal/units.ts';
import { renderStatus, renderWithin } from './render.ts';
import { Screen } from './screen.ts';

const PERIOD_MS = 1_000;

const wait = (ms: number): Promise<undefined> =>
  new Promise((resolve) => setTimeout(resolve, ms, undefined));

/** Whether trying again cannot help. */
const isFinal = (error: unknown): boolean => {
  const code = codeOf(error);
  return code === 'AUTH_FAILED' || code === 'UNSUPPORTED_VERSION' || code === 'CONFIG_NOT_FOUND';
};

/** Asks for the status, and reconnects when the manager was restarted. */
class Watcher {
  readonly #options: ConnectOptions;
  #client: Client | undefined;
  #asking: Promise<Status> | undefined;

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  /**
   * The status; undefined while no manager answers.
   *
   * @throws AUTH_FAILED, UNSUPPORTED_VERSION, CONFIG_NOT_FOUND
   */
  async ask(): Promise<Status | undefined> {
    try {
      this.#client ??= await connect(this.#options);
      // A request without an answer is still in flight: it is not sent again.
      this.#asking ??= this.#client.status();
      const status = await Promise.race([this.#asking, wait(tuning.statusPatienceMs)]);
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

/** The last status, and whether the manager still answers. */
interface Sight {
  readonly status: Status | undefined;
  readonly isAnswering: boolean;
  readonly heardAtMs: number;
}

/** Renders a status below a number of other lines. */
type Render = (status: Status, linesAbove: number) => string;

const away = ({ heardAtMs, status }: Sight, render: Render): string => {
  const what = `no manager has answered for ${duration(performance.now() - heardAtMs)}; trying again`;
  const above = [`${paint('red', 'UNREACHABLE')}  ${what}`, '', 'last status:', ''];
  return status === undefined
    ? above.slice(0, 1).join('\n')
    : [...above, render(status, above.length)].join('\n');
};

const textOf = (sight: Sight, render: Render): string =>
  sight.status !== undefined && sight.isAnswering ? render(sight.status, 0) : away(sight, render);

const help = (): string => (process.stdin.isTTY ? 'q quits' : 'Ctrl-C quits');

type Show = (sight: Sight) => void;

/** The text of a screen; its last row says how to quit. */
const pageOf = (sight: Sight, rows: number): string => {
  const room = rows - 1;
  const text = textOf(sight, (status, above) => renderWithin(status, room - above));
  const lines = text.split('\n').slice(0, room);
  const blank = Array<string>(room - lines.length).fill('');
  return [...lines, ...blank, paint('dim', help())].join('\n');
};

const toScreen = (quit: () => void): Show => {
  const screen = new Screen(process.stdout);
  screen.open(quit);
  return (sight) => screen.show((rows) => pageOf(sight, rows));
};

const toPipe =
  (asJson: boolean): Show =>
  (sight) => {
    if (!asJson) {
      print(`${textOf(sight, renderStatus)}\n`);
    } else if (sight.isAnswering) {
      print(JSON.stringify(sight.status));
    }
  };

/**
 * Shows the status every second until the user quits: as a screen on a terminal,
 * otherwise as a series of blocks, or of lines of JSON.
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
  let sight: Sight = { status: undefined, isAnswering: false, heardAtMs: performance.now() };
  for (;;) {
    const status = await watcher.ask();
    sight =
      status === undefined
        ? { ...sight, isAnswering: false }
        : { status, isAnswering: true, heardAtMs: performance.now() };
    show(sight);
    await wait(PERIOD_MS);
  }
};
