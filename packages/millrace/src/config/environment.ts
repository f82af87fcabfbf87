import { readFileSync, statSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { closest, MillraceError, messageOf, suggestion } from '@millrace/protocol';
import { withoutMark } from './byte-order-mark.ts';
import { notice } from './notice.ts';
import { isServiceLinkName } from './service-links.ts';
import { settingEntries } from './settings.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

const PREFIX = 'MILLRACE_';
export const ENV_FILE = '.env';
export const CONFIG_VARIABLE = 'MILLRACE_CONFIG';
const known = [...settingEntries.map(([, setting]) => setting.env), CONFIG_VARIABLE];

const unknownIn = (variables: Variables): string[] =>
  Object.keys(variables).filter((name) => name.startsWith(PREFIX) && !known.includes(name));

/**
 * The variables that have a value, without white space at its ends, which files of variables
 * and `$(cat …)` leave there. An empty variable counts as unset.
 */
const setIn = (variables: Variables): Variables =>
  Object.fromEntries(
    Object.entries(variables)
      .map(([name, value]) => [name, value?.trim()] as const)
      .filter(([, value]) => value !== undefined && value !== ''),
  );

/**
 * The environment. Other programs may use variables with our prefix, so an unknown
 * name is refused only if it resembles a setting.
 *
 * @throws BAD_OPTION
 */
export const readEnvironment = (all: Variables): Variables => {
  const variables = setIn(all);
  for (const name of unknownIn(variables).filter((one) => !isServiceLinkName(one))) {
    const meant = closest(
      name.slice(PREFIX.length),
      known.map((one) => one.slice(PREFIX.length)),
    );
    if (meant !== undefined) {
      throw new MillraceError(
        'BAD_OPTION',
        `the environment sets ${name}, which is no setting of millrace (did you mean ${PREFIX}${meant}?)`,
      );
    }
  }
  return variables;
};

/** The text of `.env`; undefined if there is no such file, or if it cannot be read. */
const textOfEnvFile = (): string | undefined => {
  try {
    // Virtual environments of Python are folders of this name, and a FIFO would never end.
    // `bigint` keeps the numbers of a FIFO out of an array that Node 20 reads when it next
    // resolves a link of node_modules: it would then stop half-way.
    if (statSync(ENV_FILE, { bigint: true, throwIfNoEntry: false })?.isFile() !== true) {
      return undefined;
    }
    return readFileSync(ENV_FILE, 'utf8');
  } catch (error) {
    notice(`${ENV_FILE} is skipped, because it cannot be read: ${messageOf(error)}`);
    return undefined;
  }
};

/**
 * The variables of `.env` in the working directory. What is no readable file is skipped.
 *
 * @throws BAD_OPTION for an unknown name with our prefix
 */
export const readEnvFile = (): Variables => {
  const text = textOfEnvFile();
  if (text === undefined) {
    return {};
  }
  const variables = setIn(parseEnv(withoutMark(text)));
  const [unknown] = unknownIn(variables);
  if (unknown !== undefined) {
    throw new MillraceError(
      'BAD_OPTION',
      `${ENV_FILE} sets ${unknown}, which is no setting of millrace${suggestion(unknown, known)}`,
    );
  }
  return variables;
};
