import { isIPv4, isIPv6, type Server } from 'node:net';
import { MillraceError } from '@millrace/protocol';

/** A name such as `127.example.com` may resolve to any address, so only addresses count. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));

/** A host and port as a URL has them: an IPv6 address stands in brackets. */
export const authorityOf = (host: string, port: number): string =>
  `${isIPv6(host) ? `[${host}]` : host}:${port}`;

const listenError = (
  error: NodeJS.ErrnoException,
  place: string,
  option: string,
): MillraceError => {
  const [code, message] =
    error.code === 'EADDRINUSE'
      ? ([
          'PORT_IN_USE',
          `another process listens on ${place}: stop it, or choose another with ${option}`,
        ] as const)
      : (['BAD_OPTION', `cannot listen on ${place}: ${error.message}`] as const);
  return new MillraceError(code, message, { cause: error });
};

/**
 * Resolves with the port that a server listens on.
 *
 * @param option the option that sets the port, for the error text
 * @throws PORT_IN_USE, BAD_OPTION
 */
export const listenOn = async (
  server: Pick<Server, 'address' | 'listen' | 'once'>,
  host: string,
  port: number,
  option: string,
): Promise<number> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, authorityOf(host, port), option)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
};
