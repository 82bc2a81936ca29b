import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { StoreLocation } from './open-store.ts';

/** What becomes of connections: they pass, are refused and cut, or stay open while nothing gets through and nobody is told. */
type Mode = 'open' | 'down' | 'silent';

/** Stands between a store and its server, and fails as networks do. Disposing of it ends all connections. */
export class TcpProxy implements AsyncDisposable {
  /** The same database, by way of this. */
  readonly location: StoreLocation;
  readonly #server: Server;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  /** By the connection that they serve. */
  readonly #upstreams = new Map<Socket, Socket>();
  #mode: Mode = 'open';

  private constructor(server: Server, location: StoreLocation) {
    this.#server = server;
    this.#target = new URL(location.url);
    const url = new URL(location.url);
    url.hostname = '127.0.0.1';
    url.port = String((server.address() as AddressInfo).port);
    this.location = { ...location, url: url.href };
    server.on('connection', (socket) => this.#onConnection(socket));
  }

  static async start(location: StoreLocation): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TcpProxy(server, location);
  }

  /** The server is gone: connections end, new ones fail. */
  cut(): void {
    this.#mode = 'down';
    this.#destroyAll();
  }

  /** What is connected stays so, and hears nothing any more; what connects from now on gets through. */
  forget(): void {
    for (const socket of this.#sockets) silence(socket);
  }

  /** Resolves when something was asked over one of the connections: that one gets no answer, and hears nothing any more. */
  forgetNext(): Promise<void> {
    return new Promise((resolve) => {
      const pairs = [...this.#upstreams];
      const stops = pairs.map(([socket, upstream]) => {
        const onData = (): void => {
          for (const stop of stops) stop();
          silence(socket);
          silence(upstream);
          resolve();
        };
        socket.on('data', onData);
        return () => socket.off('data', onData);
      });
    });
  }

  /** As if the network swallowed everything: also new connections are made, and hear nothing. */
  silence(): void {
    this.#mode = 'silent';
    this.forget();
  }

  /** New connections get through. Those from before do not come back. */
  restore(): void {
    this.#mode = 'open';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#destroyAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #onConnection(socket: Socket): void {
    if (this.#mode === 'down') {
      socket.destroy();
      return;
    }
    this.#add(socket);
    if (this.#mode === 'silent') {
      silence(socket);
      return;
    }
    const upstream = connect(Number(this.#target.port), this.#target.hostname);
    this.#add(upstream);
    socket.pipe(upstream).pipe(socket);
    this.#upstreams.set(socket, upstream);
    socket.once('close', () => {
      this.#upstreams.delete(socket);
      upstream.destroy();
    });
    upstream.once('close', () => socket.destroy());
  }

  #add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

function silence(socket: Socket): void {
  socket.unpipe();
  socket.pause();
}
