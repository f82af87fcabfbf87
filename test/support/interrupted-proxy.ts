import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy before a manager, which can go away and come back on its port. */
export class InterruptedProxy {
  readonly #managerPort: number;
  /** Each socket, and the one that its bytes go to. */
  readonly #ends = new Map<Socket, Socket>();
  #server: Server | undefined;
  #port = 0;

  private constructor(managerPort: number) {
    this.#managerPort = managerPort;
  }

  static async open(managerPort: number): Promise<InterruptedProxy> {
    const proxy = new InterruptedProxy(managerPort);
    await proxy.comeBack();
    return proxy;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** Ends every connection with RST, and refuses new ones. */
  goAway(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#ends.keys()) {
      socket.resetAndDestroy();
    }
    this.#ends.clear();
  }

  /** Passes no byte on until `flow`, as a link that drops every packet. */
  hold(): void {
    for (const socket of this.#ends.keys()) {
      socket.unpipe();
    }
  }

  flow(): void {
    for (const [one, other] of this.#ends) {
      one.pipe(other);
    }
  }

  async comeBack(): Promise<void> {
    const server = createServer({ noDelay: true }, (near) => this.#join(near));
    this.#server = server;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  #join(near: Socket): void {
    const far = connect({ port: this.#managerPort, host: '127.0.0.1', noDelay: true });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#ends.set(one, other);
      one.pipe(other);
      one.on('error', () => one.destroy());
      one.on('close', () => {
        this.#ends.delete(one);
        other.destroy();
      });
    }
  }
}
