import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy before a manager, which can go away and come back on its port. */
export class InterruptedProxy {
  readonly #managerPort: number;
  readonly #sockets = new Set<Socket>();
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
    for (const socket of this.#sockets) {
      socket.resetAndDestroy();
    }
    this.#sockets.clear();
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
      this.#sockets.add(one);
      one.pipe(other);
      one.on('error', () => one.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
