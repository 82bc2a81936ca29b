import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** What a fault server tells of its connections. */
export interface ServerEvents {
  /** A connection was made, whatever becomes of its handshake. */
  onOpened(): void;
  /** Bytes may be exchanged. `wire` is the connection below TLS, or `socket` itself. */
  onReady(socket: Socket, wire: Socket): void;
  /** A handshake failed. */
  onHandshakeFailed(): void;
  onClosed(): void;
}

/** Listens on loopback, and knows its connections from the first packet to the last, with TLS or without. */
export class FaultServer {
  readonly #events: ServerEvents;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(events: ServerEvents) {
    this.#events = events;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** @returns the port */
  async listen(host: string, port: number, tls: TlsOptions | undefined): Promise<number> {
    const noDelay = true;
    const server =
      tls === undefined
        ? createServer({ noDelay, allowHalfOpen: true })
        : createTlsServer({ ...tls, noDelay });
    // Both ends of TLS have the same peer, and no two open connections have.
    const wires = new Map<number, Socket>();
    server.on('connection', (socket: Socket) => {
      this.#track(socket);
      if (tls === undefined) return this.#events.onReady(socket, socket);
      const { remotePort = 0 } = socket;
      wires.set(remotePort, socket);
      socket.once('close', () => wires.delete(remotePort));
    });
    server.on('secureConnection', (socket: Socket) => {
      socket.on('error', () => undefined);
      this.#events.onReady(socket, wires.get(socket.remotePort ?? 0) ?? socket);
    });
    server.on('tlsClientError', () => this.#events.onHandshakeFailed());
    this.#server = server;
    server.listen(port, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** Stops listening and destroys all connections. It can listen again. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const ended = [...this.#sockets].map((socket) => once(socket, 'close'));
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([closed, ...ended]);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#events.onClosed();
    });
    this.#events.onOpened();
  }
}
