/** Events of a transport, for its owner. */
export interface TransportEvents {
  frame(bytes: Uint8Array): void;
  /** Everything handed over has reached the kernel. */
  drained(): void;
  /** Called once, as the last event. */
  closed(reason: string): void;
}

/** An ordered, reliable carrier of frames: a WebSocket, or a simulated one. */
export interface Transport {
  readonly remoteAddress: string;
  /** Replaces the receiver of events; frames before the first call are kept by the network. */
  listen(events: TransportEvents): void;
  /** Calls no event before it returns. */
  send(frame: Uint8Array): void;
  /** Bytes handed over that have not reached the kernel. */
  readonly waitingBytes: number;
  /** Stops reading, so that the network holds back what the peer sends. */
  pause(): void;
  resume(): void;
  /**
   * Ends the connection once all frames have left. The dialler ends TCP; the manager
   * waits for that, and cuts the connection off after `farewellMaxMs`.
   */
  close(): void;
  /** Ends the connection now. */
  terminate(): void;
}
