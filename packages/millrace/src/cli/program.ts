import { VERSION } from '@millrace/manager';
import { Command } from 'commander';
import { checkVerbs } from './verbs/check.ts';
import { completionVerb } from './verbs/completion.ts';
import { devVerb } from './verbs/dev.ts';
import { enqueueVerb } from './verbs/enqueue.ts';
import {
  configVerbs,
  deadVerbs,
  queueVerbs,
  scheduleVerbs,
  storeVerbs,
  taskVerbs,
  workerVerbs,
} from './verbs/groups.ts';
import { managerVerb } from './verbs/manager.ts';
import { statusVerb } from './verbs/status.ts';
import type { Verb } from './verbs/verb.ts';

/** In the order in which `millrace --help` lists them. */
const verbs: readonly Verb[] = [
  devVerb,
  managerVerb,
  workerVerbs,
  enqueueVerb,
  statusVerb,
  taskVerbs,
  deadVerbs,
  queueVerbs,
  scheduleVerbs,
  checkVerbs,
  storeVerbs,
  configVerbs,
  completionVerb,
];

/** The whole command line. Errors are thrown; the process is not ended. */
export const createProgram = (): Command => {
  const program = new Command('millrace')
    .description('A durable distributed task queue: manager, workers and client.')
    .version(VERSION)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText(
      'after',
      '\nExamples:\n  millrace dev handlers.ts\n  millrace enqueue greet \'{"name":"Ada"}\' --wait',
    );
  for (const add of verbs) {
    add(program);
  }
  return program;
};
