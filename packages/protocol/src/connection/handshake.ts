import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { MillraceError } from '../words/errors.ts';
import { described } from '../words/given.ts';

/** A shared secret and the name under which a manager knows it. */
export interface AuthKey {
  readonly keyId: string;
  readonly secret: Uint8Array;
}

/**
 * The bytes of a key. White space at the ends of a text is no part of the key, because
 * a key in a file usually ends in a newline; bytes are taken as they are.
 *
 * @throws BAD_OPTION
 */
export const secretBytes = (authkey: string | Uint8Array): Uint8Array => {
  const given: unknown = authkey;
  if (typeof given !== 'string' && !(given instanceof Uint8Array)) {
    throw new MillraceError('BAD_OPTION', `authkey is text or bytes, not ${described(given)}`);
  }
  return typeof authkey === 'string' ? Buffer.from(authkey.trim()) : authkey;
};

export const DEFAULT_KEY_ID = 'default';

const MAC_KEY_BYTES = 32;

type Side = 'client' | 'server';

/**
 * The bytes that both sides prove to have seen: HELLO and CHALLENGE as they went over the wire,
 * then the channel binding, each after its length. The binding `none` has no bytes.
 */
export interface Transcript {
  readonly hello: Uint8Array;
  readonly challenge: Uint8Array;
  readonly nonceClient: Uint8Array;
  readonly nonceServer: Uint8Array;
  readonly channelBinding: Uint8Array;
}

const withLength = (bytes: Uint8Array): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/**
 * The proof of one side: HMAC-SHA-256 over the transcript. The two sides derive
 * different keys (HKDF labels), so a proof sent back to its maker is worthless.
 */
export const proofOf = (side: Side, secret: Uint8Array, transcript: Transcript): Uint8Array => {
  const salt = Buffer.concat([transcript.nonceClient, transcript.nonceServer]);
  const key = hkdfSync('sha256', secret, salt, `millrace/1 ${side}`, MAC_KEY_BYTES);
  return createHmac('sha256', Buffer.from(key))
    .update(withLength(transcript.hello))
    .update(withLength(transcript.challenge))
    .update(withLength(transcript.channelBinding))
    .digest();
};

/** @throws AUTH_FAILED unless the two are equal; takes the same time either way */
export const requireProof = (expected: Uint8Array, actual: Uint8Array, message: string): void => {
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) {
    throw new MillraceError('AUTH_FAILED', message);
  }
};

/** The ticket that resumes a session, also after a restart of the manager. */
export const ticketOf = (storeSecret: Uint8Array, sessionId: string, keyId: string): Uint8Array =>
  createHmac('sha256', storeSecret)
    .update(withLength(Buffer.from(sessionId)))
    .update(withLength(Buffer.from(keyId)))
    .digest();

export const ticketMatches = (expected: Uint8Array, actual: Uint8Array): boolean =>
  expected.length === actual.length && timingSafeEqual(expected, actual);
