import { writeSync } from 'node:fs';
import { displayWidth, graphemes } from '../terminal/width.ts';

const STDOUT = 1;
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const DEFAULT_ROWS = 24;
const DEFAULT_COLUMNS = 80;
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
// oxlint-disable-next-line no-control-regex -- escape sequences begin with one
const STYLES = /\u001b\[[0-9;]*m/g;
const CUT = '…\u001b[0m';

interface Part {
  readonly text: string;
  readonly columns: number;
}

/** The graphemes and escape sequences of a line; an escape sequence takes no column. */
const partsOf = (line: string): Part[] => {
  const styles = line.match(STYLES) ?? [];
  return line
    .split(STYLES)
    .flatMap((text, index) => [
      ...graphemes(text).map((char) => ({ text: char, columns: displayWidth(char) })),
      { text: styles[index] ?? '', columns: 0 },
    ]);
};

/** A line cut to a number of columns; colours are kept, and reset at the cut. */
export const fit = (line: string, columns: number): string => {
  if (displayWidth(line.replaceAll(STYLES, '')) <= columns) {
    return line;
  }
  let width = 1;
  let cut = '';
  for (const part of partsOf(line)) {
    width += part.columns;
    if (width > columns) {
      break;
    }
    cut += part.text;
  }
  return `${cut}${CUT}`;
};

/** Makes the text for a number of rows; the screen cuts text that is longer. */
export type View = (rows: number) => string;

/** The alternate screen of a terminal. The terminal is restored however the process ends. */
export class Screen {
  readonly #output: NodeJS.WriteStream;
  #view: View = () => '';
  #isOpen = false;

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  /** @param quit called for q, Ctrl-C and Ctrl-D */
  open(quit: () => void): void {
    this.#isOpen = true;
    this.#output.write(ENTER);
    this.#output.on('resize', () => this.#draw());
    process.once('exit', () => this.close());
    if (process.stdin.isTTY) {
      process.stdin.setRawMode(true);
      process.stdin.on('data', (keys: Buffer) => {
        if ([CTRL_C, CTRL_D, 'q'].includes(keys.toString())) {
          quit();
        }
      });
    }
  }

  show(view: View): void {
    this.#view = view;
    this.#draw();
  }

  /** Writes synchronously, because the process may end before a stream does. */
  close(): void {
    if (this.#isOpen) {
      this.#isOpen = false;
      if (process.stdin.isTTY) {
        process.stdin.setRawMode(false);
        process.stdin.pause();
      }
      writeSync(STDOUT, LEAVE);
    }
  }

  #draw(): void {
    // A terminal of unknown size reports 0 rows and columns.
    const rows = this.#output.rows || DEFAULT_ROWS;
    const columns = this.#output.columns || DEFAULT_COLUMNS;
    const lines = this.#view(rows).split('\n').slice(0, rows);
    const body = lines.map((line) => `${fit(line, columns)}${CLEAR_LINE_END}`).join('\n');
    this.#output.write(`${HOME}${body}${CLEAR_BELOW}`);
  }
}
