const said = new Set<string>();

/** Tells on stderr, once, that a source of settings was skipped. Values are quoted by the caller. */
export const notice = (line: string): void => {
  if (!said.has(line)) {
    said.add(line);
    process.stderr.write(`millrace: ${line}\n`);
  }
};
