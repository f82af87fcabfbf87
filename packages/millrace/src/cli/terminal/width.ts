/**
 * Characters that take two columns of a terminal: emoji, and the blocks that East
 * Asian Width (Unicode Standard Annex 11) calls wide or fullwidth.
 */
const WIDE =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]/u;
/** Graphemes that consist only of combining marks, joiners and control characters. */
const INVISIBLE = /^[\p{Mark}\p{Default_Ignorable_Code_Point}]+$/u;
const PRINTABLE_ASCII = /^[ -~]*$/;

const segmenter = new Intl.Segmenter();

/** The graphemes of a text: units that a reader takes for one character. */
export const graphemes = (text: string): string[] =>
  Array.from(segmenter.segment(text), ({ segment }) => segment);

const graphemeWidth = (grapheme: string): number => {
  if (INVISIBLE.test(grapheme)) {
    return 0;
  }
  return WIDE.test(grapheme) ? 2 : 1;
};

/** Number of terminal columns that a text without escape sequences takes. */
export const displayWidth = (text: string): number =>
  PRINTABLE_ASCII.test(text)
    ? text.length
    : graphemes(text).reduce((width, grapheme) => width + graphemeWidth(grapheme), 0);
