/** The entry of the heartbeat thread. */
import { randomBytes } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { dialWebSocket, systemClock } from '@millrace/protocol';
import { HeartbeatLink, type HeartbeatTarget } from './heartbeat-link.ts';

const link = new HeartbeatLink({ clock: systemClock, dial: dialWebSocket, randomBytes });

parentPort?.on('message', (next: HeartbeatTarget) => link.follow(next));
