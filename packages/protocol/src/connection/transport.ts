/** What a transport tells its owner. */
export interface TransportEvents {
  frame(bytes: Uint8Array): void;
  /** Everything handed over has reached the kernel. */
  drained(): void;
  /** Called once; nothing follows. */
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
  /** Lets the network hold back what the peer sends. */
  pause(): void;
  resume(): void;
  /**
   * Ends the connection after what was sent. The dialler ends TCP; the manager
   * waits for that, but not for long.
   */
  close(): void;
  /** Ends the connection now. */
  terminate(): void;
}
