import { DEFAULT_HOST, MillraceError } from '@millrace/protocol';
import { isLoopback } from '../listen.ts';

export interface HttpOptions {
  /** Default 127.0.0.1. Off loopback `tls` and `token` are needed. */
  readonly host?: string;
  /** Default 7421; 0 takes a free port. */
  readonly port?: number;
  /** Requests for `/metrics` and `/status` must present it, as `Authorization: Bearer TOKEN`. */
  readonly token?: string;
  /** Certificate and private key, as PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** @throws BAD_OPTION when the status would leave this host without encryption or without a token */
export const checkHttpOptions = ({ host = DEFAULT_HOST, tls, token }: HttpOptions): void => {
  if (!isLoopback(host) && (tls === undefined || token === undefined)) {
    throw new MillraceError(
      'BAD_OPTION',
      `HTTP on ${host} needs a certificate and a token: keep 127.0.0.1, or give both`,
    );
  }
};
