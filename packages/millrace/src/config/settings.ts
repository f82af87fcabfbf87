import { DEFAULT_HOST, DEFAULT_PORT, limits } from '@millrace/protocol';

interface Common {
  readonly env: string;
  readonly help: string;
  /** Never printed, and not read from the configuration file, which may be shared. */
  readonly secret?: true;
}

export interface TextSetting extends Common {
  readonly kind: 'text';
  readonly fallback?: string;
  /** A relative path starts at the working directory, and in `millrace.toml` at the folder of the file. */
  readonly isPath?: true;
}

export interface WholeSetting extends Common {
  readonly kind: 'whole';
  readonly min: number;
  readonly max: number;
  readonly fallback?: number;
}

export interface FlagSetting extends Common {
  readonly kind: 'flag';
  readonly fallback?: boolean;
}

export type Setting = TextSetting | WholeSetting | FlagSetting;

/**
 * Every setting of the CLI, by its place in `millrace.toml`: `TABLE.KEY`. Options,
 * the environment and `.env` take precedence over the file.
 */
export const settings = {
  'connection.url': {
    kind: 'text',
    env: 'MILLRACE_URL',
    help: 'manager to connect to',
  },
  'connection.authkey': {
    kind: 'text',
    env: 'MILLRACE_AUTHKEY',
    help: 'the shared key',
    secret: true,
  },
  'connection.authkeyFile': {
    kind: 'text',
    env: 'MILLRACE_AUTHKEY_FILE',
    isPath: true,
    help: 'file that holds the shared key',
  },
  'manager.host': {
    kind: 'text',
    env: 'MILLRACE_HOST',
    fallback: DEFAULT_HOST,
    help: 'address to listen on',
  },
  'manager.port': {
    kind: 'whole',
    env: 'MILLRACE_PORT',
    min: 0,
    max: 65_535,
    fallback: DEFAULT_PORT,
    help: 'port to listen on, 0 for a free one',
  },
  'manager.dataDir': {
    kind: 'text',
    env: 'MILLRACE_DATA_DIR',
    isPath: true,
    help: 'directory of the store (default: .millrace/store)',
  },
  'manager.autoQueues': {
    kind: 'flag',
    env: 'MILLRACE_AUTO_QUEUES',
    fallback: false,
    help: 'declare every queue when it is first named',
  },
  'manager.insecure': {
    kind: 'flag',
    env: 'MILLRACE_INSECURE',
    fallback: false,
    help: 'serve other hosts in plaintext',
  },
  'manager.payloadMaxBytes': {
    kind: 'whole',
    env: 'MILLRACE_PAYLOAD_MAX_BYTES',
    min: 1,
    max: limits.payloadCeilingBytes,
    fallback: limits.payloadMaxBytes,
    help: 'largest payload or result',
  },
  'manager.retainMaxBytes': {
    kind: 'whole',
    env: 'MILLRACE_RETAIN_MAX_BYTES',
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    fallback: limits.retainMaxBytes,
    help: 'bytes of results that are kept; beyond that the oldest are removed',
  },
  'manager.idleSessionMs': {
    kind: 'whole',
    env: 'MILLRACE_IDLE_SESSION_MS',
    min: 0,
    max: limits.idleSessionMaxMs,
    fallback: limits.idleSessionMs,
    help: 'a client with nothing to say leaves after this time, in ms; 0 for never',
  },
  'manager.sessionsMax': {
    kind: 'whole',
    env: 'MILLRACE_SESSIONS_MAX',
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    fallback: limits.sessionsMax,
    help: 'connected clients and workers',
  },
  'manager.sessionsPerKeyMax': {
    kind: 'whole',
    env: 'MILLRACE_SESSIONS_PER_KEY_MAX',
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    fallback: limits.sessionsPerKeyMax,
    help: 'connected clients and workers with one key',
  },
  'manager.sessionsPerAddressMax': {
    kind: 'whole',
    env: 'MILLRACE_SESSIONS_PER_ADDRESS_MAX',
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    fallback: limits.sessionsPerAddressMax,
    help: 'connected clients and workers of one network address',
  },
  'http.host': {
    kind: 'text',
    env: 'MILLRACE_HTTP_HOST',
    fallback: DEFAULT_HOST,
    help: 'address of health checks, metrics and status',
  },
  'http.port': {
    kind: 'whole',
    env: 'MILLRACE_HTTP_PORT',
    min: 0,
    max: 65_535,
    help: 'port of health checks, metrics and status (default: the one after the port of the queues)',
  },
  'http.token': {
    kind: 'text',
    env: 'MILLRACE_HTTP_TOKEN',
    help: 'bearer token for metrics and status, required unless the address is loopback',
    secret: true,
  },
  'http.certFile': {
    kind: 'text',
    env: 'MILLRACE_HTTP_CERT_FILE',
    isPath: true,
    help: 'certificate in PEM, required unless the address is loopback',
  },
  'http.keyFile': {
    kind: 'text',
    env: 'MILLRACE_HTTP_KEY_FILE',
    isPath: true,
    help: 'private key in PEM, required unless the address is loopback',
  },
  'worker.name': {
    kind: 'text',
    env: 'MILLRACE_WORKER_NAME',
    help: 'name shown by status (default: host and process id)',
  },
  'worker.drainMs': {
    kind: 'whole',
    env: 'MILLRACE_DRAIN_MS',
    min: 1,
    max: 24 * 60 * 60 * 1_000,
    fallback: limits.drainMs,
    help: 'longest time that a stop takes, in ms',
  },
  'worker.killGraceMs': {
    kind: 'whole',
    env: 'MILLRACE_KILL_GRACE_MS',
    min: 0,
    max: limits.killGraceMs,
    fallback: limits.killGraceMs,
    help: 'time that a handler has to heed its signal before it is killed, in ms',
  },
  'worker.restartWhenStuck': {
    kind: 'flag',
    env: 'MILLRACE_RESTART_WHEN_STUCK',
    fallback: true,
    help: 'drain and end the worker when every slot of a pool is lost',
  },
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof settings;
export type SettingValue = string | number | boolean;

interface KindTypes {
  readonly text: string;
  readonly whole: number;
  readonly flag: boolean;
}
export type ValueOf<K extends SettingKey> = KindTypes[(typeof settings)[K]['kind']];

/** The table as pairs, with the general type of a setting. */
export const settingEntries: readonly (readonly [SettingKey, Setting])[] =
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.entries widens the keys of the table to string
  Object.entries(settings) as [SettingKey, Setting][];
