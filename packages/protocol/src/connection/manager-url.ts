import { DEFAULT_PORT } from '../words/limits.ts';
import { checkManagerUrl } from './ws-transport.ts';

/** Scheme, host and port as they are written: `URL` drops a port that is the scheme's own. */
const WRITTEN = /^(ws:\/\/(?:[^/?#@]*@)?(?:\[[^\]]*\]|[^/?#:]*))(:\d*)?/;

/**
 * The URL of a manager with its port. Without one `ws://` means the port of millrace;
 * a proxy on port 80 is named as `ws://HOST:80`. `wss://` is left as it is, because
 * only a proxy ends TLS.
 *
 * @throws BAD_OPTION for a URL that is no `ws://` or `wss://`
 */
export const managerUrl = (url: string): string => {
  checkManagerUrl(url);
  return url.replace(WRITTEN, (written: string, host: string, port: string | undefined) =>
    port !== undefined && port.length > 1 ? written : `${host}:${DEFAULT_PORT}`,
  );
};
