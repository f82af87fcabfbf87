import { MillraceError } from '@millrace/protocol';
import type { Setting, SettingValue, WholeSetting } from './settings.ts';

const refuse = (where: string, wanted: string, given: unknown): never => {
  const shown = typeof given === 'string' ? `'${given}'` : String(given);
  throw new MillraceError('BAD_OPTION', `${where}: ${wanted} is needed, not ${shown}`);
};

const checkWhole = (setting: WholeSetting, value: number, where: string, given: unknown): number =>
  Number.isSafeInteger(value) && value >= setting.min && value <= setting.max
    ? value
    : refuse(where, `a whole number from ${setting.min} to ${setting.max}`, given);

const flagOf: Readonly<Record<string, boolean>> = { true: true, 1: true, false: false, 0: false };

/** The value of a setting that is given as text. @throws BAD_OPTION with the place */
export const readText = (setting: Setting, text: string, where: string): SettingValue => {
  if (setting.kind === 'text') {
    return text;
  }
  if (setting.kind === 'whole') {
    return checkWhole(setting, text.trim() === '' ? Number.NaN : Number(text), where, text);
  }
  return flagOf[text] ?? refuse(where, 'true or false', text);
};

/** The value of a setting that is given as a value. @throws BAD_OPTION with the place */
export const readTyped = (setting: Setting, value: unknown, where: string): SettingValue => {
  if (setting.kind === 'text') {
    if (typeof value !== 'string') {
      return refuse(where, 'a text', value);
    }
    return value.trim() === '' ? refuse(where, 'a text that is not empty', value) : value;
  }
  if (setting.kind === 'whole') {
    return checkWhole(setting, typeof value === 'number' ? value : Number.NaN, where, value);
  }
  return typeof value === 'boolean' ? value : refuse(where, 'true or false', value);
};
