import type { PastAttempt, TaskInfo } from '@millrace/client';
import { awaitResult } from '../asking/await-result.ts';
import { durationMs } from '../asking/parse.ts';
import { type ConnectFlags, connectOptions, withClient } from '../asking/with-client.ts';
import { errorLines } from '../terminal/error-lines.ts';
import { jsonLine, print, printJson, renderPairs } from '../terminal/output.ts';
import { plainText } from '../terminal/plain-text.ts';
import { bytes, duration } from '../terminal/units.ts';
import { example, type Verb } from './verb.ts';

interface Flags extends ConnectFlags {
  readonly json?: boolean;
}

/** Longest value that is shown to people; `--json` has all of it. */
const SHOWN_CHARS = 1_000;

const shown = (value: unknown): string => {
  const text = jsonLine(value);
  return text.length <= SHOWN_CHARS
    ? text
    : `${text.slice(0, SHOWN_CHARS)}… (${text.length} characters, see --json)`;
};

type Pair = readonly [string, string | number];

const pair = (name: string, value: string | undefined): Pair[] =>
  value === undefined ? [] : [[name, value]];

const after = (ms: number | undefined, before: string, behind: string): string | undefined =>
  ms === undefined ? undefined : `${before}${duration(ms)}${behind}`;

const failedOf = ({ attempts, failures }: TaskInfo): string =>
  attempts === undefined ? String(failures) : `${failures} of ${attempts}`;

const timePairs = (info: TaskInfo): Pair[] => [
  ...pair('accepted', after(info.acceptedAgoMs, '', ' ago')),
  ...pair(info.failures > 0 ? 'next attempt' : 'due', after(info.dueInMs, 'in ', '')),
  ...pair('expires', after(info.expiresInMs, 'in ', ' unless it starts')),
  ...pair('ended', after(info.finishedAgoMs, '', ' ago')),
  // A manager that says no attempts says no deadline either.
  ...pair(
    'deadline',
    info.attempts === undefined ? undefined : (after(info.deadlineMs, '', '') ?? 'none'),
  ),
];

const dataPairs = (info: TaskInfo): Pair[] => [
  ['payload', bytes(info.payloadBytes) + ('payload' in info ? `: ${shown(info.payload)}` : '')],
  ...pair('result', 'result' in info ? shown(info.result) : undefined),
];

/** The stack and those of the causes, in lines of their own below the pairs. */
const stackLines = ({ error }: TaskInfo): string[] =>
  error === undefined || (error.stack === '' && error.cause === undefined)
    ? []
    : ['', 'stack of the last error', ...errorLines(error)];

const pastAttempt = ({ beganAgoMs, endedAgoMs, error, kind, runner, worker }: PastAttempt) =>
  [
    `  ${duration(endedAgoMs)} ago`,
    kind,
    `after ${duration(beganAgoMs - endedAgoMs)}`,
    `on ${plainText(worker)}${runner === undefined ? '' : ` (${plainText(runner)})`}`,
    ...(error === undefined ? [] : [plainText(`${error.name}: ${error.message}`)]),
  ].join('  ');

const historyLines = ({ history }: TaskInfo): string[] =>
  history.length === 0 ? [] : ['', 'attempts', ...history.map(pastAttempt)];

const render = (id: string, info: TaskInfo): string =>
  [
    renderPairs([
      ['id', id],
      ['task', info.name === '' ? '(item)' : info.name],
      ['queue', info.queue],
      ...pair('version', info.version === undefined ? undefined : String(info.version)),
      ['state', info.state],
      ['priority', info.priority],
      ...timePairs(info),
      ['attempts failed', failedOf(info)],
      ['workers lost', info.losses],
      ['returned', info.returns],
      ...dataPairs(info),
      ...pair('last error', info.error && `${info.error.name}: ${info.error.message}`),
    ]),
    ...historyLines(info),
    ...stackLines(info),
  ].join('\n');

/** `millrace task show ID`: prints what the manager knows about a task. */
const show = (id: string, flags: Flags): Promise<void> =>
  withClient(flags, async (client) => {
    const info = await client.task(id).inspect({ withData: true });
    if (flags.json === true) {
      printJson({ id, ...info });
    } else {
      print(render(id, info));
    }
  });

interface ResultFlags extends ConnectFlags {
  readonly timeout?: number;
}

/** `millrace task result ID`: waits for the result of a task, and prints it as JSON. */
const result = (id: string, flags: ResultFlags): Promise<void> =>
  withClient(flags, async (client) =>
    print(jsonLine(await awaitResult(client.task(id), flags.timeout))),
  );

export const inspectVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('show')
      .description('show what the manager knows about a task')
      .argument('<id>', 'id of the task'),
  )
    .option('--json', 'print the task as JSON')
    .addHelpText('after', example('millrace task show 0Q7zmAhAOMM7phqMD7i_g'))
    .action(show);
};

export const resultVerb: Verb = (parent) => {
  connectOptions(
    parent
      .command('result')
      .description('wait for the result of a task; prints it as JSON')
      .argument('<id>', 'id of the task'),
  )
    .option('--timeout <time>', 'longest wait, such as 30s (default: no limit)', durationMs)
    .addHelpText('after', example('millrace task result 0Q7zmAhAOMM7phqMD7i_g'))
    .action(result);
};
