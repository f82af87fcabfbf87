import { configPrintVerb } from './config-print.ts';
import type { Verb } from './verb.ts';

export const configVerbs: Verb = (parent) => {
  configPrintVerb(parent.command('config').description('what is configured, and where'));
};
