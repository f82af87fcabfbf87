import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { MillraceError, messageOf } from '@millrace/protocol';
import { settingEntries } from './settings.ts';
import { closest, suggestion } from './suggest.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

const PREFIX = 'MILLRACE_';
export const ENV_FILE = '.env';
export const CONFIG_VARIABLE = 'MILLRACE_CONFIG';
const known = [...settingEntries.map(([, setting]) => setting.env), CONFIG_VARIABLE];

const unknownIn = (variables: Variables): string[] =>
  Object.keys(variables).filter((name) => name.startsWith(PREFIX) && !known.includes(name));

/**
 * The environment. Other programs may use variables with our prefix, so an unknown
 * name is refused only if it resembles a setting.
 *
 * @throws BAD_OPTION
 */
export const readEnvironment = (variables: Variables): Variables => {
  for (const name of unknownIn(variables)) {
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

/**
 * The variables of `.env` in the working directory.
 *
 * @throws BAD_OPTION for an unknown name with our prefix
 */
export const readEnvFile = (): Variables => {
  if (!existsSync(ENV_FILE)) {
    return {};
  }
  let variables: Variables;
  try {
    variables = parseEnv(readFileSync(ENV_FILE, 'utf8'));
  } catch (error) {
    throw new MillraceError('BAD_OPTION', `cannot read ${ENV_FILE}: ${messageOf(error)}`);
  }
  const [unknown] = unknownIn(variables);
  if (unknown !== undefined) {
    throw new MillraceError(
      'BAD_OPTION',
      `${ENV_FILE} sets ${unknown}, which is no setting of millrace${suggestion(unknown, known)}`,
    );
  }
  return variables;
};
