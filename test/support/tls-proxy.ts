import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** A web server before a manager: it ends TLS, and passes WebSockets on as nginx does. */
export class TlsProxy {
  /** The certificate, which clients must trust. */
  readonly certFile: string;
  /** Paths that were asked for. */
  readonly paths = new Set<string>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(managerPort: number, directory: string) {
    this.certFile = join(directory, 'cert.pem');
    const keyFile = join(directory, 'key.pem');
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const files = ['-keyout', keyFile, '-out', this.certFile];
    const what = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1'];
    spawnSync('openssl', [...what, ...subject, ...files]);
    this.#server = createServer({ key: readFileSync(keyFile), cert: readFileSync(this.certFile) });
    this.#server.on('upgrade', ({ rawHeaders, url = '/' }, near: Socket, head: Buffer) => {
      this.paths.add(url);
      const far = connect({ port: managerPort, host: '127.0.0.1', noDelay: true });
      const lines = rawHeaders.map((text, n) => (n % 2 === 0 ? `${text}: ` : `${text}\r\n`));
      far.write(`GET ${url} HTTP/1.1\r\n${lines.join('')}\r\n`);
      far.write(head);
      this.#join(near, far);
      this.#join(far, near);
    });
  }

  static async open(managerPort: number, directory: string): Promise<TlsProxy> {
    const proxy = new TlsProxy(managerPort, directory);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  url(path: string): string {
    const address = this.#server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return `wss://localhost:${port}${path}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('error', () => {});
    from.once('close', () => to.destroy());
    from.pipe(to);
  }
}
