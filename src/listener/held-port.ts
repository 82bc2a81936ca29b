import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A port of loopback that refuses connections, for as long as it is held. A server that was closed is no such thing:
 * its port is free, and soon somebody else's.
 */
export class HeldPort implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly #server: Server;
  readonly #holder: Socket;

  private constructor(server: Server, holder: Socket) {
    this.#server = server;
    this.#holder = holder;
    this.port = holder.localPort!;
    this.url = `http://127.0.0.1:${this.port}/`;
  }

  /** Takes any free port. The near end of a connection holds it: nothing listens there, and nobody else gets it. */
  static async take(): Promise<HeldPort> {
    const server = createServer((socket) => socket.on('error', () => undefined));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const holder = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1' });
    await once(holder, 'connect');
    return new HeldPort(server, holder);
  }

  /** Gives the port back: a server may listen there from now on. */
  async release(): Promise<void> {
    if (this.#holder.destroyed) return;
    this.#holder.destroy();
    this.#server.close();
    await Promise.all([once(this.#holder, 'close'), once(this.#server, 'close')]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
