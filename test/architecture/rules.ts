import { type Arrow, arrowsOf, circlesOf, type Packages, type Sources } from './graph.ts';
import { codeOf } from './imports.ts';
import { unlistedRooms, upwardInside } from './rooms.ts';

/** The floor of each area. Imports go downward or stay inside an area; see ARCHITECTURE.md. */
const floors = new Map([
  ['packages/protocol', 0],
  ['packages/manager', 1],
  ['packages/worker', 1],
  ['packages/client', 1],
  ['packages/millrace', 2],
  ['test', 3],
  ['bench', 3],
  ['examples', 3],
]);

const CORE = 'packages/manager/src/engine/core/';
const COMMANDS = 'packages/manager/src/commands/';
const JOURNAL = /^packages\/manager\/.*-journal\.ts$/;
/** The journal of a data directory combines other journals. */
const DISK = 'packages/manager/src/engine/store/disk/';
/** The manager chooses its journal here; tests and benchmarks choose theirs. */
const WIRING = ['packages/manager/src/manager.ts', 'packages/manager/src/internals.ts'];

const areaOf = (path: string): string | undefined =>
  [...floors.keys()].find((area) => path.startsWith(`${area}/`));

const isTest = (path: string): boolean =>
  path.endsWith('.test.ts') || path.startsWith('test/') || path.includes('/src/testing/');

const upwardArrow = ({ from, to }: Arrow): string | undefined => {
  const [fromArea, toArea] = [areaOf(from), areaOf(to)];
  if (fromArea === undefined || toArea === undefined || fromArea === toArea) {
    return undefined;
  }
  const [fromFloor, toFloor] = [floors.get(fromArea) ?? 0, floors.get(toArea) ?? 0];
  if (toFloor > fromFloor) {
    return `${from} imports ${to}, which is above it`;
  }
  return fromFloor === 1 && toFloor === 1
    ? `${from} imports ${to}, which stands beside it`
    : undefined;
};

const impureCore = ({ from, to }: Arrow): string | undefined =>
  from.startsWith(CORE) && !isTest(from) && to.startsWith('node:')
    ? `${from} imports ${to}: the core does no I/O`
    : undefined;

const decidingCommand = ({ from, to }: Arrow): string | undefined =>
  from.startsWith(COMMANDS) && !isTest(from) && (to === 'lmdb' || to === 'ws')
    ? `${from} imports ${to}: commands decode, call the engine and reply`
    : undefined;

const namedJournal = ({ from, to }: Arrow): string | undefined =>
  JOURNAL.test(to) && !isTest(from) && ![DISK, ...WIRING].some((path) => from.startsWith(path))
    ? `${from} imports ${to}: only the wiring names a journal`
    : undefined;

const upwardInPackage = ({ from, to }: Arrow): string | undefined =>
  isTest(from) ? undefined : upwardInside(from, to);

const TRANSITIONS = 'packages/manager/src/engine/core/transitions.ts';
const TASK = 'packages/manager/src/engine/core/task.ts';

/** The compiler holds `Task` read-only; only transitions.ts may use the mutable type behind it. */
const changesTasks = (path: string, text: string): string[] => {
  if (path === TASK || path === TRANSITIONS || path.startsWith('test/architecture/')) {
    return [];
  }
  return /\bMutableTask\b/.test(codeOf(text))
    ? [`${path} mentions MutableTask: only transitions.ts changes tasks`]
    : [];
};

const MACHINE = 'packages/manager/src/engine/core/task-machine.ts';

/** Only transitions.ts moves a task to another state. */
const movesTasks = (path: string, text: string): string[] => {
  const isMachine = path.startsWith(MACHINE.replace(/\.ts$/, '.'));
  return path.startsWith(CORE) &&
    !isMachine &&
    path !== TRANSITIONS &&
    /(?<![.#\w$])move\(/.test(codeOf(text))
    ? [`${path} calls move: only transitions.ts changes tasks`]
    : [];
};

/** In the manager, only engine/turn.ts schedules work for the end of a turn. */
const plansTurns = (path: string, text: string): string[] =>
  path.startsWith('packages/manager/src/') &&
  !path.startsWith(CORE) &&
  !isTest(path) &&
  !path.endsWith('/engine/turn.ts') &&
  !path.endsWith('/lmdb-journal.ts') &&
  /\b(?:endOfTurn|queueMicrotask|setImmediate)\b/.test(codeOf(text))
    ? [`${path} schedules work for the end of a turn: only engine/turn.ts may`]
    : [];

const arrowRules = [upwardArrow, upwardInPackage, impureCore, decidingCommand, namedJournal];

/** Names that bring time, chance or I/O into the core. The core gets the time as an argument. */
const impurities = [
  /\bDate\.now\b/,
  /\bnew Date\(\)/,
  /\bperformance\b/,
  /\bMath\.random\b/,
  /(?<![.#\w$])crypto\b/,
  /\bset(?:Timeout|Interval|Immediate)\b/,
  /(?<![.#\w$])process\./,
  /\bglobalThis\b/,
  /(?<![.#\w$])fetch\(/,
];

const impureWords = (path: string, text: string): string[] => {
  if (!path.startsWith(CORE) || isTest(path)) {
    return [];
  }
  const code = codeOf(text);
  return impurities.flatMap((pattern) => {
    const found = pattern.exec(code)?.[0];
    return found === undefined ? [] : `${path} mentions ${found}: the core is pure`;
  });
};

/** A sentence for each breach of the architecture. */
export const breachesOf = (sources: Sources, packages: Packages): string[] => {
  const arrows = arrowsOf(sources, packages);
  return [
    ...arrows.flatMap((arrow) => arrowRules.flatMap((rule) => rule(arrow) ?? [])),
    ...circlesOf(arrows).map((circle) => `a circle: ${circle.join(' -> ')}`),
    ...[...sources].flatMap(([path, text]) => [
      ...impureWords(path, text),
      ...changesTasks(path, text),
      ...movesTasks(path, text),
      ...plansTurns(path, text),
    ]),
    ...unlistedRooms(sources.keys()),
  ];
};
