import { type Token, tokensOf } from './tokens.ts';

const isWord = (token: Token | undefined, text: string): boolean =>
  token?.kind === 'word' && token.text === text;

const isSign = (token: Token | undefined, text: string): boolean =>
  token?.kind === 'sign' && token.text === text;

const isClausePart = (token: Token): boolean =>
  token.kind === 'word' || (token.kind === 'sign' && '{},*'.includes(token.text));

/** The specifier after `from`, if only names stand between `from` and the keyword at `start`. */
const specifierAfterFrom = (tokens: readonly Token[], start: number): string | undefined => {
  for (let at = start + 1; at < tokens.length; at++) {
    const token = tokens[at];
    const next = tokens[at + 1];
    if (isWord(token, 'from') && next?.kind === 'string') {
      return next.text;
    }
    if (token === undefined || !isClausePart(token)) {
      return undefined;
    }
  }
  return undefined;
};

const specifierAt = (tokens: readonly Token[], at: number): string | undefined => {
  const token = tokens[at];
  const next = tokens[at + 1];
  if (isSign(tokens[at - 1], '.')) {
    return undefined;
  }
  if (isWord(token, 'import')) {
    const literal = isSign(next, '(') ? tokens[at + 2] : next;
    return literal?.kind === 'string' ? literal.text : specifierAfterFrom(tokens, at);
  }
  return isWord(token, 'export') ? specifierAfterFrom(tokens, at) : undefined;
};

/**
 * The specifiers in a source: those of static imports, re-exports and dynamic imports
 * of a literal, including type-only ones.
 */
export const importsOf = (source: string): string[] => {
  const tokens = tokensOf(source);
  return tokens.flatMap((_, at) => specifierAt(tokens, at) ?? []);
};

/** The source without comments and without the contents of strings, for rules about words. */
export const codeOf = (source: string): string => {
  let code = '';
  let previous: Token['kind'] = 'sign';
  for (const { kind, text } of tokensOf(source)) {
    const gap = kind === 'word' && previous === 'word' ? ' ' : '';
    code += gap + (kind === 'string' ? "''" : text);
    previous = kind;
  }
  return code;
};
