import { expect, test } from 'vitest';
import { RecordingPeer } from '../testing/recording-peer.ts';
import { beginWaiting, withdraw } from './open-requests.ts';

test('a request that is sent again ends its own earlier wait and no other', () => {
  const peer = new RecordingPeer('peer');
  const withdrawn: string[] = [];
  const begin = (requestId: number, name: string): void =>
    beginWaiting(peer, requestId, {
      withdraw() {
        withdrawn.push(name);
        peer.openRequests.delete(requestId);
      },
    });
  begin(1, 'first');
  begin(2, 'other');
  begin(1, 'again');
  expect(withdrawn).toEqual(['first']);
  expect([...peer.openRequests.entries()].map(([requestId]) => requestId)).toEqual([2, 1]);
  withdraw(peer, 1);
  withdraw(peer, 1);
  expect(withdrawn).toEqual(['first', 'again']);
});
