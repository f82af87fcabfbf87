import { readFileSync } from 'node:fs';
import type { HttpOptions } from '@millrace/manager';
import { MillraceError, messageOf } from '@millrace/protocol';
import type { Configuration } from '../../config/configuration.ts';
import { present } from '../../config/present.ts';
import { settings } from '../../config/settings.ts';

const pemIn = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new MillraceError('BAD_OPTION', `cannot read ${path}: ${messageOf(error)}`);
  }
};

const refuse = (message: string): never => {
  throw new MillraceError('BAD_OPTION', message);
};

const tlsOf = (configuration: Configuration): HttpOptions['tls'] => {
  const certFile = configuration.get('http.certFile');
  const keyFile = configuration.get('http.keyFile');
  if (certFile === undefined && keyFile === undefined) {
    return undefined;
  }
  return certFile === undefined || keyFile === undefined
    ? refuse(
        `TLS needs a certificate and its key: set http.${certFile === undefined ? 'certFile' : 'keyFile'}, too`,
      )
    : { cert: pemIn(certFile), key: pemIn(keyFile) };
};

const portOf = (configuration: Configuration): number => {
  const queuePort = configuration.read('manager.port');
  const { max } = settings['http.port'];
  // If the port of the queues is chosen by the system, so is this one.
  const port = configuration.get('http.port') ?? (queuePort === 0 ? 0 : queuePort + 1);
  return port > max
    ? refuse(
        `no port follows ${queuePort} for health checks and metrics: give --http-port or MILLRACE_HTTP_PORT`,
      )
    : port;
};

/**
 * Options of the listener for health checks, metrics and status.
 *
 * @throws BAD_OPTION
 */
export const httpOptionsOf = (configuration: Configuration): HttpOptions => ({
  host: configuration.read('http.host'),
  port: portOf(configuration),
  ...present({ token: configuration.get('http.token'), tls: tlsOf(configuration) }),
});
