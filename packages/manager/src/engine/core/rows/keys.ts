/**
 * The key space of the journal. A key is a string of single-byte characters;
 * its first character is the table. Task ids are printable ASCII (the decoder
 * of the wire ensures it), so that one character is one byte.
 * A changed key needs a new layout, see `layouts.ts`.
 */

const table = {
  meta: 'm',
  lane: 'n',
  counters: 'c',
  task: 't',
  ready: 'r',
  lease: 'l',
  due: 'd',
  expiry: 'e',
  retention: 'x',
  dead: 'b',
  tombstone: 'z',
  history: 'h',
  heldKey: 'k',
  alias: 'a',
  keys: 'w',
  schedule: 's',
  scheduleSpec: 'q',
  scheduleRun: 'o',
  ticks: 'i',
} as const;

/**
 * The first key behind all that begin with `prefix`. A last byte of 255 cannot be raised, so
 * the byte before it is.
 */
const behind = (prefix: string): string => {
  const head = prefix.replace(/\xff+$/, '');
  return head.slice(0, -1) + String.fromCharCode(head.charCodeAt(head.length - 1) + 1);
};

/** The bytes of a whole number below 2^56, most significant first; the last `width` of them. */
const bigEndian = (value: number, width: number): string => {
  const high = Math.floor(value / 2 ** 32);
  const chars = String.fromCharCode(
    (high >>> 16) & 0xff,
    (high >>> 8) & 0xff,
    high & 0xff,
    (value >>> 24) & 0xff,
    (value >>> 16) & 0xff,
    (value >>> 8) & 0xff,
    value & 0xff,
  );
  return chars.slice(7 - width);
};

export const metaKey = (name: 'version' | 'software' | 'epoch' | 'secret' | 'retained'): string =>
  table.meta + name;

const utf8AsBytes = (text: string): string => Buffer.from(text).toString('latin1');
const bytesAsUtf8 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString();

/** The key of a lane's row. A NUL ends a name, because no name has one. Version 1 is left out. */
export const laneKey = (queue: string, name: string, version: number): string => {
  const first = `${table.lane}${utf8AsBytes(queue)}\0${utf8AsBytes(name)}`;
  return version === 1 ? first : `${first}\0${version}`;
};
export const laneOfKey = (
  key: string,
): { readonly queue: string; readonly name: string; readonly version: number } => {
  const [queue = '', name = '', version = '1'] = key.slice(1).split('\0');
  return { queue: bytesAsUtf8(queue), name: bytesAsUtf8(name), version: Number(version) };
};

export const taskKey = (taskId: string): string => table.task + taskId;
export const taskIdOfTaskKey = (key: string): string => key.slice(1);

/** The row of one attempt in the history of a task. The NUL separates, because no task id has one. */
export const historyKey = (taskId: string, slot: number): string =>
  `${table.history}${taskId}\0${String.fromCharCode(slot)}`;
export const taskIdOfHistoryKey = (key: string): string => key.slice(1, -2);

/** The purpose of a key: its work is queued once, or the latest payload counts. */
export type KeyKind = 'once' | 'latest';

const kindChars: Readonly<Record<KeyKind, string>> = { once: 'o', latest: 'l' };

/** The place where a key is looked up. */
export interface KeyPlace {
  readonly queue: string;
  readonly name: string;
  readonly version: number;
  readonly kind: KeyKind;
  readonly key: string;
}

/**
 * The key of the row that says which task holds a task key. Tasks of all versions share keys of the
 * kind `once`. A key of the kind `latest` belongs to one version, because handlers of another
 * version could not read the payload. Version 1 is left out.
 */
export const heldKeyKey = ({ key, kind, name, queue, version }: KeyPlace): string => {
  const first = `${table.heldKey}${kindChars[kind]}${utf8AsBytes(queue)}\0${utf8AsBytes(name)}\0${utf8AsBytes(key)}`;
  return kind === 'once' || version === 1 ? first : `${first}\0${version}`;
};

/** The row that says which task an enqueue with another id became part of. */
export const aliasKey = (ownId: string): string => table.alias + ownId;

/** The row that says how far a schedule has come. */
export const scheduleKey = (name: string): string => table.schedule + utf8AsBytes(name);
export const nameOfScheduleKey = (key: string): string => bytesAsUtf8(key.slice(1));

/** The row that says what a schedule was asked to be. */
export const specKey = (name: string): string => table.scheduleSpec + utf8AsBytes(name);

/** The row of one run in the history of a schedule. Names have no NUL. */
export const runKey = (name: string, slot: number): string =>
  `${table.scheduleRun}${utf8AsBytes(name)}\0${String.fromCharCode(slot)}`;

/** The schedule and the slot of a run's row, as the key of the schedule's row. */
export const scheduleOfRunKey = (key: string): string => table.schedule + key.slice(1, -2);

/** Marks the rows of one batch; those of later batches sort behind. */
export const stampOf = (epoch: number, batchNumber: number): string =>
  bigEndian(epoch, 4) + bigEndian(batchNumber, 6);

export const leaseRowKey = (stamp: string, index: number): string =>
  table.lease + stamp + bigEndian(index, 2);

export const countersRowKey = (stamp: string, index: number): string =>
  table.counters + stamp + bigEndian(index, 2);

/** When a task arrived: the epoch of the manager, then a count within it. */
export interface Arrival {
  readonly epoch: number;
  readonly count: number;
}

const COUNT_CHARS = 6;
const COUNT_MAX = 2 ** 48 - 1;
const EPOCH_MAX = 2 ** 32 - 1;

const LANE_CHARS = 4;

export const readyPrefix = (laneNumber: number): string =>
  table.ready + bigEndian(laneNumber, LANE_CHARS);

const numberAt = (key: string, start: number, width: number): number => {
  let value = 0;
  for (let i = start; i < start + width; i++) {
    value = value * 256 + key.charCodeAt(i);
  }
  return value;
};

export const laneNumberOfReadyKey = (key: string): number => numberAt(key, 1, LANE_CHARS);

/** The place of a task in the ready order of its lane. */
export interface Rank {
  readonly priority: number;
  readonly arrival: Arrival;
  readonly order: 'fifo' | 'lifo';
}

const epochRank = ({ arrival, order }: Rank): number =>
  order === 'fifo' ? arrival.epoch : EPOCH_MAX - arrival.epoch;

const countRank = ({ arrival, order }: Rank): number =>
  order === 'fifo' ? arrival.count : COUNT_MAX - arrival.count;

/** Sorts by priority, higher first, then by arrival: earlier first, for LIFO later first. */
export const readyKey = (prefix: string, rank: Rank): string =>
  prefix +
  String.fromCharCode(127 - rank.priority) +
  bigEndian(epochRank(rank), 4) +
  bigEndian(countRank(rank), COUNT_CHARS);

/** The priority of the tasks in a ready row. A task of another priority in the row has changed its priority since. */
export const priorityOfReadyKey = (key: string): number => 127 - key.charCodeAt(1 + LANE_CHARS);

/** The part that all ready keys of one lane, priority and epoch of arrival share. */
export const withoutCount = (key: string): string => key.slice(0, -COUNT_CHARS);

/** Whether the ready key of `a` sorts before that of `b` in the same lane. Does not make the keys. */
export const comesBefore = (a: Rank, b: Rank): boolean => {
  if (a.priority !== b.priority) {
    return a.priority > b.priority;
  }
  const epochs = epochRank(a) - epochRank(b);
  return epochs === 0 ? countRank(a) < countRank(b) : epochs < 0;
};

/**
 * The key of a row of tasks that became ready together: the ready key of the first task, and
 * the batch's stamp.
 */
export const readyRowKey = (firstReadyKey: string, stamp: string): string => firstReadyKey + stamp;

/**
 * The indexes by wall time: schedules, expiries, kept results, dead tasks, ids kept after
 * their task, keys that are held for a time, which it names by their rows, and schedules by their names. Dead tasks have an index of their own, because operators look for few of
 * them among very many that succeeded.
 */
export const timeIndexes = [
  'due',
  'expiry',
  'retention',
  'dead',
  'tombstone',
  'keys',
  'ticks',
] as const;
export type TimeIndex = (typeof timeIndexes)[number];
/** The time indexes whose rows name tasks. */
export type TaskTimeIndex = Exclude<TimeIndex, 'keys' | 'ticks'>;

const TIME_CHARS = 7;

export const timeKey = (index: TimeIndex, atMs: number, stamp: string): string =>
  table[index] + bigEndian(atMs, TIME_CHARS) + stamp;

export const atMsOfTimeKey = (key: string): number => numberAt(key, 1, TIME_CHARS);

/** The rows of a time index up to and including `atMs`. */
export const timeRange = (index: TimeIndex, atMs: number): readonly [string, string] => [
  table[index],
  Number.isFinite(atMs) ? table[index] + bigEndian(atMs + 1, TIME_CHARS) : behind(table[index]),
];

export type Table = keyof typeof table;

const tables: ReadonlyMap<string, Table> = new Map(
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the entries of an object literal
  (Object.entries(table) as [Table, string][]).map(([name, prefix]) => [prefix, name]),
);

/** The table of a key; undefined for a key that the journal keeps for itself. */
export const tableOf = (key: string): Table | undefined => tables.get(key.charAt(0));

/** All rows of a table. */
export const rangeOf = (name: Table): readonly [string, string] => [
  table[name],
  behind(table[name]),
];

/** The key behind all rows of a lane whose priority is that of `key`; none behind the lowest priority. */
export const behindPriority = (prefix: string, key: string): string | undefined => {
  const code = key.charCodeAt(prefix.length);
  return code < 0xff ? prefix + String.fromCharCode(code + 1) : undefined;
};

/** The rows of a lane from `key` on. */
export const readyRange = (prefix: string, key: string): readonly [string, string] => [
  key < prefix ? prefix : key,
  behind(prefix),
];
