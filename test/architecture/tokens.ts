/** A piece of source; comments and blanks make no tokens. */
export interface Token {
  readonly kind: 'word' | 'string' | 'sign';
  /** For a string its contents, without quotes. */
  readonly text: string;
}

const WORD = /[\p{ID_Start}$_#\d][\p{ID_Continue}$\u200c\u200d]*/uy;
const BLANK = /\s+/y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const STRING = /'((?:[^'\\\n]|\\[\s\S])*)'|"((?:[^"\\\n]|\\[\s\S])*)"/y;
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;

/** After these words a slash begins a regular expression; after any other it divides. */
const beforeExpression = new Set(
  'return typeof case in of do else void delete throw new await yield instanceof'.split(' '),
);

const startsExpression = (previous: Token | undefined): boolean => {
  if (previous === undefined) {
    return true;
  }
  if (previous.kind === 'sign') {
    return !')]}'.includes(previous.text);
  }
  return previous.kind === 'word' && beforeExpression.has(previous.text);
};

class Scanner {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  scan(): Token[] {
    this.#code(0);
    return this.#tokens;
  }

  /** Reads code to the end of the source, or to the brace that closes a template's `${`. */
  #code(openBraces: number): void {
    let depth = openBraces;
    while (this.#at < this.#source.length) {
      const sign = this.#next();
      if (sign === '{') {
        depth += 1;
      } else if (sign === '}' && openBraces > 0) {
        depth -= 1;
        if (depth === 0) {
          return;
        }
      }
    }
  }

  /** Reads one token, or skips one run of blanks or one comment. Returns the token if it is a sign. */
  #next(): string | undefined {
    if (this.#match(BLANK) !== undefined || this.#match(COMMENT) !== undefined) {
      return undefined;
    }
    const string = this.#match(STRING);
    if (string !== undefined) {
      return this.#add('string', string[1] ?? string[2] ?? '');
    }
    const word = this.#match(WORD);
    if (word !== undefined) {
      return this.#add('word', word[0]);
    }
    if (this.#source[this.#at] === '`') {
      return this.#template();
    }
    if (startsExpression(this.#tokens.at(-1)) && this.#match(REGEXP) !== undefined) {
      return this.#add('string', '');
    }
    const sign = this.#source.charAt(this.#at);
    this.#at += 1;
    this.#add('sign', sign);
    return sign;
  }

  /** A template counts as one string. The tokens inside its `${}` come before that string. */
  #template(): undefined {
    let text = '';
    this.#at += 1;
    while (this.#at < this.#source.length && this.#source[this.#at] !== '`') {
      if (this.#source.startsWith('${', this.#at)) {
        this.#at += 2;
        this.#code(1);
        text += '${}';
      } else {
        const width = this.#source[this.#at] === '\\' ? 2 : 1;
        text += this.#source.slice(this.#at, this.#at + width);
        this.#at += width;
      }
    }
    this.#at += 1;
    return this.#add('string', text);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source) ?? undefined;
    this.#at += found?.[0].length ?? 0;
    return found;
  }

  #add(kind: Token['kind'], text: string): undefined {
    this.#tokens.push({ kind, text });
  }
}

/** Splits TypeScript into words, strings and signs. */
export const tokensOf = (source: string): Token[] => new Scanner(source).scan();
