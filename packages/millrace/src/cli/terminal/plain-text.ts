// oxlint-disable-next-line no-control-regex -- these are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

const escaped = (char: string): string =>
  char === '\n' ? '\\n' : `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** Names and errors come from others: what would steer a terminal, or break a line, is shown as its escape. */
export const plainText = (text: string): string => text.replaceAll(CONTROL, escaped);
