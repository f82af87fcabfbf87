/** A stream for the bar, such as `process.stdout`. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  readonly elapsedMs: number;
}

const DEFAULT_COLUMNS = 80;
const BAR_MAX = 30;
const BAR_MIN = 8;
const REDRAW_MS = 250;
/** Without a terminal the bar prints one line for each tenth. */
const LINES = 10;
const CLEAR_LINE = '\r\u001b[2K';

const percentOf = ({ done, total }: Progress): number =>
  total === 0 ? 100 : Math.floor((100 * done) / total);

const rateOf = ({ done, elapsedMs }: Progress): number =>
  elapsedMs === 0 ? 0 : (1_000 * done) / elapsedMs;

const secondsLeft = (progress: Progress): string => {
  const rate = rateOf(progress);
  return rate === 0 ? '?' : String(Math.ceil((progress.total - progress.done) / rate));
};

const amount = (progress: Progress): string => {
  const percent = String(percentOf(progress)).padStart(3);
  return `${progress.label} ${percent} %  ${progress.done}/${progress.total}`;
};

const pace = (progress: Progress): string =>
  `${rateOf(progress).toFixed(1)}/s  ${secondsLeft(progress)} s left`;

const barOf = (progress: Progress, width: number): string => {
  const filled = Math.floor((width * percentOf(progress)) / 100);
  return `[${'='.repeat(filled)}${' '.repeat(width - filled)}]`;
};

/** One line of at most `columns` characters; the bar is left out first, then the pace. */
export const progressLine = (progress: Progress, columns: number): string => {
  const text = `${amount(progress)}  ${pace(progress)}`;
  const barWidth = Math.min(BAR_MAX, columns - text.length - '[]  '.length);
  if (barWidth >= BAR_MIN) {
    return `${barOf(progress, barWidth)}  ${text}`;
  }
  return (text.length <= columns ? text : amount(progress)).slice(0, columns);
};

/**
 * Shows the progress of a number of tasks: as a line that is redrawn on a terminal,
 * as plain lines in a pipe.
 */
export class ProgressBar {
  readonly #label: string;
  readonly #total: number;
  readonly #screen: Screen;
  readonly #startedMs = performance.now();
  readonly #redraw: NodeJS.Timeout | undefined;
  #done = 0;

  constructor(label: string, total: number, screen: Screen) {
    this.#label = label;
    this.#total = total;
    this.#screen = screen;
    if (screen.isTTY === true) {
      this.#redraw = setInterval(() => this.#draw(), REDRAW_MS).unref();
      this.#draw();
    }
  }

  /** Counts one more task as done. */
  tick(): void {
    const before = this.#tenths();
    this.#done += 1;
    if (this.#redraw !== undefined) {
      this.#draw();
    } else if (this.#tenths() > before) {
      this.#screen.write(`${progressLine(this.#progress(), DEFAULT_COLUMNS)}\n`);
    }
  }

  /** Prints a line above the bar. */
  say(text: string): void {
    if (this.#redraw === undefined) {
      this.#screen.write(`${text}\n`);
    } else {
      this.#screen.write(`${CLEAR_LINE}${text}\n`);
      this.#draw();
    }
  }

  /** Draws the bar a last time and ends its line. */
  end(): void {
    if (this.#redraw !== undefined) {
      clearInterval(this.#redraw);
      this.#draw();
      this.#screen.write('\n');
    }
  }

  #tenths(): number {
    return Math.floor((LINES * this.#done) / this.#total);
  }

  #progress(): Progress {
    const elapsedMs = performance.now() - this.#startedMs;
    return { label: this.#label, done: this.#done, total: this.#total, elapsedMs };
  }

  #draw(): void {
    // A line that fills the last column would wrap on some terminals.
    const columns = (this.#screen.columns || DEFAULT_COLUMNS) - 1;
    this.#screen.write(`${CLEAR_LINE}${progressLine(this.#progress(), columns)}`);
  }
}
