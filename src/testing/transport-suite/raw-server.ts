import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** Answers a request in raw bytes. */
export type RawHandler = (socket: Socket, request: Buffer, index: number) => void;

/** What a raw server may be told apart from how to answer. */
export interface RawServerOptions {
  /** Serves TLS. Default: plain TCP. */
  readonly tls?: TlsOptions;
  /** Called for each connection, before anything was read from it. */
  readonly onConnection?: (socket: Socket) => void;
}

const HEAD_END = '\r\n\r\n';

/** A server that says exactly the bytes it is told to: the half of HTTP that real servers never send. */
export class RawServer {
  /** Connections ever made. */
  connections = 0;
  /** Requests read as a whole, head and body. */
  readonly requests: Buffer[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly waiters = new Set<{ isReached: () => boolean; resolve: () => void }>();
  private readonly server: Server;
  private readonly handler: RawHandler;

  constructor(handler: RawHandler, options: RawServerOptions = {}) {
    this.handler = handler;
    this.server = options.tls === undefined ? createTcpServer() : createTlsServer(options.tls);
    // With TLS, a connection whose handshake fails exists all the same.
    this.server.on('connection', (socket: Socket) => this.track(socket));
    this.server.on(options.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      options.onConnection?.(socket);
      this.read(socket);
    });
    this.server.on('tlsClientError', () => undefined);
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get openConnections(): number {
    return this.sockets.size;
  }

  /** `http://127.0.0.1:<port>/hooks` */
  url(host = '127.0.0.1', protocol = 'http'): string {
    return `${protocol}://${host}:${this.port}/hooks`;
  }

  /** Resolves when no connection is open. */
  whenIdle(): Promise<void> {
    return this.when(() => this.sockets.size === 0);
  }

  /** Resolves when this many connections were made. */
  whenConnected(count: number): Promise<void> {
    return this.when(() => this.connections >= count);
  }

  /** Resolves when this many requests were read. */
  whenRequested(count: number): Promise<void> {
    return this.when(() => this.requests.length >= count);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private when(isReached: () => boolean): Promise<void> {
    if (isReached()) return Promise.resolve();
    return new Promise((resolve) => this.waiters.add({ isReached, resolve }));
  }

  private changed(): void {
    for (const waiter of this.waiters) {
      if (!waiter.isReached()) continue;
      this.waiters.delete(waiter);
      waiter.resolve();
    }
  }

  private track(socket: Socket): void {
    this.connections += 1;
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.sockets.delete(socket);
      this.changed();
    });
    this.changed();
  }

  private read(socket: Socket): void {
    let unread = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk]);
      for (let length = requestLength(unread); length !== undefined; length = requestLength(unread)) {
        const request = unread.subarray(0, length);
        unread = unread.subarray(length);
        this.requests.push(request);
        this.changed();
        this.handler(socket, request, this.requests.length - 1);
      }
    });
  }
}

/** Length of the first whole request in `bytes`. */
function requestLength(bytes: Buffer): number | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = bytes.subarray(0, headEnd).toString('latin1').toLowerCase();
  const line = head.split('\r\n').find((header) => header.startsWith('content-length:'));
  const length = headEnd + HEAD_END.length + Number(line?.slice('content-length:'.length) ?? 0);
  return bytes.length >= length ? length : undefined;
}
