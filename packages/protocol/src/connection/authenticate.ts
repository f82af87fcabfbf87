import { NONCE_BYTES } from '../messages/handshake.ts';
import type { MessageNamed } from '../messages/message-table.ts';
import type { Clock } from '../runtime/clock.ts';
import { codeOf, MillraceError, messageOf } from '../words/errors.ts';
import { limits, PROTOCOL_VERSION } from '../words/limits.ts';
import type { Role } from '../words/task.ts';
import { FrameExchange } from './frame-exchange.ts';
import { type AuthKey, proofOf, requireProof, type Transcript } from './handshake.ts';
import type { Transport } from './transport.ts';

export type RandomBytes = (bytes: number) => Uint8Array;
export type PeerLimits = MessageNamed<'challenge'>['limits'];

const NO_BINDING = new Uint8Array(0);

/**
 * The dialler's half of the handshake: proves the key and demands the proof of
 * the manager. Returns the manager's limits.
 *
 * @throws AUTH_FAILED, AUTH_TIMEOUT, UNSUPPORTED_VERSION, CONNECTION_LOST
 */
export const authenticateToManager = async (
  transport: Transport,
  key: AuthKey,
  role: Role,
  clock: Clock,
  randomBytes: RandomBytes,
): Promise<PeerLimits> => {
  const exchange = new FrameExchange(transport, clock, limits.dialMaxMs);
  try {
    const nonceClient = randomBytes(NONCE_BYTES);
    const hello = exchange.send({
      verb: 'hello',
      version: PROTOCOL_VERSION,
      keyId: key.keyId,
      role,
      nonce: nonceClient,
      binding: 'none',
    });
    const challenge = await exchange.receive('challenge');
    const transcript: Transcript = {
      hello,
      challenge: challenge.frame,
      nonceClient,
      nonceServer: challenge.message.nonce,
      channelBinding: NO_BINDING,
    };
    exchange.send({ verb: 'proof', mac: proofOf('client', key.secret, transcript) });
    const welcome = await exchange.receive('welcome');
    requireProof(
      proofOf('server', key.secret, transcript),
      welcome.message.mac,
      'the manager could not prove that it has the key',
    );
    exchange.requireQuiet();
    return challenge.message.limits;
  } finally {
    exchange.finish();
  }
};

export interface AcceptOptions {
  /** The secret of a key id; `undefined` for an unknown one. */
  readonly secretOf: (keyId: string) => Uint8Array | undefined;
  readonly limits: PeerLimits;
  readonly software: string;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

export interface AcceptedPeer {
  readonly keyId: string;
  readonly role: Role;
}

/** @throws UNSUPPORTED_VERSION or BINDING_REFUSED */
const checkHello = (hello: MessageNamed<'hello'>): void => {
  if (hello.version !== PROTOCOL_VERSION) {
    throw new MillraceError(
      'UNSUPPORTED_VERSION',
      `this manager speaks version ${PROTOCOL_VERSION}, the peer ${hello.version}`,
    );
  }
  if (hello.binding !== 'none') {
    throw new MillraceError(
      'BINDING_REFUSED',
      `binding '${hello.binding}' is reserved; use 'none'`,
    );
  }
};

/**
 * The manager's half of the handshake. On failure the peer is told why, except
 * which of key id and key was wrong, and the transport is closed.
 *
 * @throws AUTH_FAILED, AUTH_TIMEOUT, UNSUPPORTED_VERSION, BINDING_REFUSED,
 *   UNEXPECTED_MESSAGE, CONNECTION_LOST; what decoding throws
 */
export const authenticatePeer = async (
  transport: Transport,
  options: AcceptOptions,
): Promise<AcceptedPeer> => {
  const exchange = new FrameExchange(transport, options.clock, limits.authenticateMaxMs);
  try {
    const hello = await exchange.receive('hello');
    checkHello(hello.message);
    const nonceServer = options.randomBytes(NONCE_BYTES);
    const challenge = exchange.send({
      verb: 'challenge',
      nonce: nonceServer,
      limits: options.limits,
    });
    const transcript: Transcript = {
      hello: hello.frame,
      challenge,
      nonceClient: hello.message.nonce,
      nonceServer,
      channelBinding: NO_BINDING,
    };
    const proof = await exchange.receive('proof');
    // For an unknown key id a random secret is tried, so that it costs the same as a wrong key.
    const secret = options.secretOf(hello.message.keyId) ?? options.randomBytes(NONCE_BYTES);
    requireProof(
      proofOf('client', secret, transcript),
      proof.message.mac,
      'the key is wrong or unknown: compare MILLRACE_AUTHKEY on both sides',
    );
    exchange.requireQuiet();
    exchange.send({
      verb: 'welcome',
      mac: proofOf('server', secret, transcript),
      software: options.software,
    });
    return { keyId: hello.message.keyId, role: hello.message.role };
  } catch (error) {
    const code = codeOf(error) ?? 'INTERNAL';
    exchange.refuse(code, messageOf(error));
    throw error;
  } finally {
    exchange.finish();
  }
};
