// oxlint-disable-next-line no-control-regex -- the pattern looks for control characters
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

const escaped = (char: string): string =>
  char === '\n' ? '\\n' : `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** Shows control characters and line breaks as escapes: names and errors come from others. */
export const plainText = (text: string): string => text.replaceAll(CONTROL, escaped);
