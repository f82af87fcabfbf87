import { readFileSync } from 'node:fs';
import type { HttpOptions } from '@millrace/manager';
import { MillraceError, messageOf } from '@millrace/protocol';
import type { Configuration } from '../config/configuration.ts';
import { present } from '../config/present.ts';

const pemIn = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new MillraceError('BAD_OPTION', `cannot read ${path}: ${messageOf(error)}`);
  }
};

/**
 * Where the manager serves health checks, metrics and status.
 *
 * @throws BAD_OPTION
 */
export const httpOptionsOf = (configuration: Configuration): HttpOptions => {
  const queuePort = configuration.read('manager.port');
  const certFile = configuration.get('http.certFile');
  const keyFile = configuration.get('http.keyFile');
  return {
    host: configuration.read('http.host'),
    // A free port for the one asks for a free port for the other.
    port: configuration.get('http.port') ?? (queuePort === 0 ? 0 : queuePort + 1),
    ...present({ token: configuration.get('http.token') }),
    ...(certFile === undefined || keyFile === undefined
      ? {}
      : { tls: { cert: pemIn(certFile), key: pemIn(keyFile) } }),
  };
};
