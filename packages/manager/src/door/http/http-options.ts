import { DEFAULT_HOST, MillraceError } from '@millrace/protocol';
import { isLoopback } from '../listen.ts';

export interface HttpOptions {
  /** Default 127.0.0.1. Off loopback `tls` and `token` are needed. */
  readonly host?: string;
  /** Default 7421; 0 takes a free one. */
  readonly port?: number;
  /** What `/metrics` and `/status` are asked for with, as `Authorization: Bearer TOKEN`. */
  readonly token?: string;
  /** Certificate and private key, as PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** @throws BAD_OPTION unless what leaves this host is encrypted and asked for with a token */
export const checkHttpOptions = ({ host = DEFAULT_HOST, tls, token }: HttpOptions): void => {
  if (!isLoopback(host) && (tls === undefined || token === undefined)) {
    throw new MillraceError(
      'BAD_OPTION',
      `HTTP on ${host} needs a certificate and a token: keep 127.0.0.1, or give both`,
    );
  }
};
