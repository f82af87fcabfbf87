import { randomBytes } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { dialWebSocket, systemClock } from '@millrace/protocol';
import type { LaneTarget } from './heartbeat-lane.ts';
import { LaneLink } from './lane-link.ts';

/** The thread of a heartbeat lane. */
const link = new LaneLink({ clock: systemClock, dial: dialWebSocket, randomBytes });

parentPort?.on('message', (next: LaneTarget) => link.follow(next));
