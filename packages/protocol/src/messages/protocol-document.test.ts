import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { conversationMoves } from '../connection/conversation.ts';
import { exactFiles, readGoodVectors } from '../testing/vectors.ts';
import { errorTable } from '../words/error-codes.ts';
import { limits } from '../words/limits.ts';
import { deadGroup } from './dead-groups.ts';
import { handle } from './declare-pool.ts';
import { existingTask, latestKey, newTask, onceKey, taskOptions } from './enqueue.ts';
import { grantedItem } from './get.ts';
import { grantedTask } from './grant.ts';
import { peerLimits } from './handshake.ts';
import { pastAttempt } from './inspect.ts';
import { listedSchedule } from './list-schedules.ts';
import { listedTask } from './list-tasks.ts';
import { verbs } from './message-table.ts';
import { peerDescription } from './open.ts';
import { blockedLoop, lostSlot, peerReport } from './ping.ts';
import { scheduleSpec } from './schedule.ts';
import { attemptResult } from './settle.ts';
import { scheduleRun } from './show-schedule.ts';
import type { Fields } from './wire/field.ts';
import { retryPolicy, taskError, token } from './wire/shared-fields.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', '..', '..', 'PROTOCOL.md'), 'utf8');

const groups = {
  limits: peerLimits,
  report: peerReport,
  'lost slot': lostSlot,
  'blocked loop': blockedLoop,
  peer: peerDescription,
  token,
  error: taskError,
  'new task': newTask,
  handle,
  'granted item': grantedItem,
  'granted task': grantedTask,
  'attempt result': attemptResult,
  'listed task': listedTask,
  'past attempt': pastAttempt,
  'dead group': deadGroup,
  schedule: scheduleSpec,
  'listed schedule': listedSchedule,
  'schedule run': scheduleRun,
  'retry policy': retryPolicy,
  'once key': onceKey,
  'latest key': latestKey,
  'existing task': existingTask,
};

const extras = { 'task options': taskOptions };

/** `awaitOutcome` as the document writes it: `AWAIT_OUTCOME`. */
const inCapitals = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

/** Sections by the text of their heading of level four. */
const sections = new Map(
  text
    .split(/^(?=#{2,4} )/m)
    .filter((section) => section.startsWith('#### '))
    .map((section) => [section.slice(5, section.indexOf('\n')), section] as const),
);

/** The cells of every row of the tables in a piece of the document, without their heads. */
const rowsOf = (section: string): string[][] =>
  section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.slice(2, -2).split(' | '));

const fieldRows = (fields: Fields): string[][] =>
  Object.entries(fields).map(([name, { wireType }]) => [`\`${name}\``, wireType]);

const onlyHex = (piece: string): string => piece.replaceAll(/\s/g, '');

const vectorHex = new Map(
  exactFiles
    .flatMap(readGoodVectors)
    .map(({ meaning, hex, messages }) => [meaning, { hex: onlyHex(hex), messages }] as const),
);

describe('PROTOCOL.md', () => {
  test.each(Object.values(verbs).map((verb) => [inCapitals(verb.name), verb] as const))(
    'describes %s with its number, its sender and its fields',
    (name, verb) => {
      const section = sections.get(`${name} (${verb.type}, ${verb.from})`) ?? '';
      expect(rowsOf(section).map((cells) => cells.slice(0, 2))).toEqual(fieldRows(verb.fields));
      expect(section.includes('No fields.')).toBe(Object.keys(verb.fields).length === 0);
    },
  );

  test.each(Object.values(verbs).map((verb) => [inCapitals(verb.name), verb] as const))(
    'shows %s by a vector',
    (name, verb) => {
      const section = sections.get(`${name} (${verb.type}, ${verb.from})`) ?? '';
      const [, meaning = '', hex = ''] = /```hex\n# (.*)\n([\s\S]*?)```/.exec(section) ?? [];
      const vector = vectorHex.get(meaning);
      expect(onlyHex(hex)).toBe(vector?.hex);
      expect(vector?.messages.map((message) => message.verb)).toEqual([verb.name]);
    },
  );

  test.each(Object.entries(groups))('lists the fields of the group %s', (name, group) => {
    const rows = rowsOf(sections.get(`Group: ${name}`) ?? '');
    expect(rows.map((cells) => cells.slice(0, 2))).toEqual(fieldRows(group.fields));
    expect(group.wireType).toBe(name);
  });

  test.each(Object.entries(extras))('lists the options of %s with their keys', (name, field) => {
    const rows = rowsOf(sections.get(`Options: ${name}`) ?? '');
    expect(rows.map((cells) => cells.slice(0, 3))).toEqual(
      Object.entries(field.extras).map(
        ([
          option,
          {
            field: { wireType },
            key,
          },
        ]) => [`\`${option}\``, String(key), wireType],
      ),
    );
    expect(field.wireType).toBe(`${name}, or left out`);
  });

  test('describes nothing that is not declared', () => {
    const declared = Object.values(verbs).map(
      (v) => `${inCapitals(v.name)} (${v.type}, ${v.from})`,
    );
    expect([...sections.keys()].toSorted()).toEqual(
      [
        ...declared,
        ...Object.keys(groups).map((name) => `Group: ${name}`),
        ...Object.keys(extras).map((name) => `Options: ${name}`),
      ].toSorted(),
    );
  });

  test('gives every error code once, with its meaning and its two facts', () => {
    const errors = text.slice(text.indexOf('\n## Errors'));
    const yes = (fact: boolean): string => (fact ? 'yes' : 'no');
    const declared = Object.entries(errorTable).map(([code, { meaning, fatal, retry }]) =>
      [`\`${code}\``, meaning, yes(fatal), yes(retry)].join(' | '),
    );
    expect(
      rowsOf(errors)
        .map((cells) => cells.join(' | '))
        .toSorted(),
    ).toEqual(declared.toSorted());
  });

  test('names no error code that there is not', () => {
    const words = text.match(/`[A-Z]+(?:_[A-Z]+)+`/g) ?? [];
    const known = new Set([...Object.keys(errorTable), 'TCP_NODELAY']);
    expect(words.map((quoted) => quoted.slice(1, -1)).filter((name) => !known.has(name))).toEqual(
      [],
    );
  });

  test('draws the conversation as the table of moves has it', () => {
    const drawn = [...text.matchAll(/^ {2}(\w+) --> (\w+): (\w+)$/gm)].map((found) =>
      found.slice(1),
    );
    const moves = Object.entries(conversationMoves).flatMap(([state, byVerb]) =>
      Object.entries(byVerb).map(([verb, next]) => [state, next, inCapitals(verb)]),
    );
    expect(drawn).toEqual(moves);
  });

  test.each([
    ['frame', limits.frameMaxBytes],
    ['frame before authentication', limits.handshakeFrameMaxBytes],
    ['bytes of one part', limits.partBytes],
    ['parts unacknowledged, per direction', limits.partsInFlight],
    ['nesting of a frame', limits.frameMaxDepth],
    ['entries of a list', limits.listMaxItems],
    ['message in parts', limits.messageMaxBytes],
    ['payload or result', limits.payloadMaxBytes],
    ['nesting of a payload', limits.payloadMaxDepth],
    ['accept to WELCOME', limits.authenticateMaxMs],
    ['pools of a session', limits.poolsPerSessionMax],
    ['credits of a pool not yet used', limits.creditMaxPerPool],
    ['wait of one GET or AWAIT_OUTCOME at the manager', limits.waitSliceMs],
    ['requests of a session waiting at the manager', limits.requestsPerSessionMax],
    ['unused ROOM', limits.roomInvitationMs],
    ['after the last message until TCP is cut', limits.farewellMaxMs],
  ])('gives the limit of: %s', (name, value) => {
    const row = text.split('\n').find((line) => line.startsWith(`| ${name} | `)) ?? '';
    expect(row.replaceAll(',', '')).toMatch(new RegExp(`\\b${value}\\b`));
  });
});
