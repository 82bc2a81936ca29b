import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * What the proxy does with a CONNECT: makes the connection, resets it at the first byte, has a receiver that spoke at once, answers something
 * else, says nothing, or hangs up.
 */
export type ProxyConduct =
  | 'tunnel'
  | 'reset'
  | 'silent'
  | 'drop'
  | { receiverSaid: string }
  | { status: number; headers?: Record<string, string> };

export interface ConnectProxyOptions {
  /** Serves TLS. Default: plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A real forward proxy on loopback. It resolves every name to 127.0.0.1, since receivers in tests are there. */
export class ConnectProxy implements AsyncDisposable {
  /** Heads of all CONNECT requests so far. */
  readonly asked: { readonly authority: string; readonly headers: IncomingMessage['headers'] }[] = [];
  /** Requests that came otherwise: there should be none. */
  otherRequests = 0;
  /** Connections made to receivers. */
  tunnels = 0;
  conduct: ProxyConduct = 'tunnel';
  readonly #server: Server;
  readonly #isSecure: boolean;
  readonly #sockets = new Set<Socket>();
  readonly #waiters: { readonly count: number; readonly resolve: () => void }[] = [];

  private constructor({ tls }: ConnectProxyOptions) {
    this.#isSecure = tls !== undefined;
    this.#server = tls === undefined ? createHttpServer() : createHttpsServer(tls);
    this.#server.on('connection', (socket: Socket) => this.#track(socket));
    this.#server.on('connect', (request, socket: Socket) => this.#onConnect(request, socket));
    this.#server.on('request', (_request, response) => {
      this.otherRequests += 1;
      response.writeHead(400).end();
    });
    this.#server.on('tlsClientError', () => undefined);
  }

  static async start(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
    const proxy = new ConnectProxy(options);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** `http://user:password@127.0.0.1:4750` */
  url(credentials = '', host = '127.0.0.1'): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.#isSecure ? 'https' : 'http'}://${credentials === '' ? '' : `${credentials}@`}${host}:${port}`;
  }

  /** Resolves when it was asked for this many connections. */
  whenAsked(count: number): Promise<void> {
    if (this.asked.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ count, resolve }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #onConnect(request: IncomingMessage, socket: Socket): void {
    this.#track(socket);
    this.asked.push({ authority: request.url!, headers: request.headers });
    const { conduct } = this;
    if (conduct === 'tunnel') this.#tunnel(request.url!, socket);
    else if (conduct === 'drop') socket.destroy();
    else if (conduct === 'reset') {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.once('data', () => (socket instanceof TLSSocket ? socket.destroy() : socket.resetAndDestroy()));
    } else if (typeof conduct === 'object' && 'receiverSaid' in conduct) {
      socket.write(`HTTP/1.1 200 Connection established\r\n\r\n${conduct.receiverSaid}`);
    } else if (conduct !== 'silent') {
      const headers = Object.entries(conduct.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.end(`HTTP/1.1 ${conduct.status} Said so\r\n${headers.join('')}content-length: 0\r\n\r\n`);
    }
    for (const { count, resolve } of this.#waiters) if (this.asked.length >= count) resolve();
  }

  #tunnel(authority: string, socket: Socket): void {
    const upstream = connect(Number(authority.slice(authority.lastIndexOf(':') + 1)), '127.0.0.1');
    this.#track(upstream);
    upstream.once('connect', () => {
      this.tunnels += 1;
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    socket.once('close', () => upstream.destroy());
    upstream.once('close', () => socket.destroy());
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
