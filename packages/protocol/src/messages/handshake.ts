import { limits } from '../words/limits.ts';
import { roles } from '../words/task.ts';
import { count, durationMs, fixedBytes, group, integer, text, word } from './wire/fields.ts';
import { verb } from './wire/verb.ts';

export const NONCE_BYTES = 32;
export const MAC_BYTES = 32;

/** How a connection is bound to the channel below it. `tls-exporter` is reserved: no manager accepts it. */
export const bindings = ['none', 'tls-exporter'] as const;

export const peerLimits = group('limits', {
  messageMaxBytes: count,
  payloadMaxBytes: count,
  heartbeatIdleMs: durationMs,
  heartbeatIntervalMs: durationMs,
  heartbeatProbes: integer(1, limits.heartbeatProbesMax),
});

/** Opens the conversation. */
export const hello = verb(1, 'hello', 'dialler', {
  version: count,
  keyId: text(limits.keyIdMaxBytes),
  role: word(roles),
  nonce: fixedBytes(NONCE_BYTES),
  binding: word(bindings),
});

/** The manager's nonce and its limits. */
export const challenge = verb(2, 'challenge', 'manager', {
  nonce: fixedBytes(NONCE_BYTES),
  limits: peerLimits,
});

/** Proves that the dialler has the key. */
export const proof = verb(3, 'proof', 'dialler', { mac: fixedBytes(MAC_BYTES) });

/** Proves that the manager has the key too. */
export const welcome = verb(4, 'welcome', 'manager', {
  mac: fixedBytes(MAC_BYTES),
  software: text(limits.softwareMaxBytes),
});
