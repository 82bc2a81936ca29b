import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * - `open`: bytes go through
 * - `down`: connections are reset, new ones too, as by a server that is not there
 * - `silent`: connections stay, new ones are accepted, and not a byte goes through, as when a router forgets them
 */
export type ProxyState = 'open' | 'down' | 'silent';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** Stands between a database and those who use it, and is the network trouble that tests need. */
export class TcpProxy {
  /** Connections that were reset at once, because the proxy was down. */
  refused = 0;
  /** Connections that were accepted and will never hear anything. */
  swallowed = 0;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #silenced = new Set<Socket>();
  #state: ProxyState = 'open';

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = createServer({ pauseOnConnect: true }, (client) => this.#accept(client));
  }

  /** @param url that of the database */
  static async start(url: string): Promise<TcpProxy> {
    const { hostname, port } = new URL(url);
    const proxy = new TcpProxy({ host: hostname, port: Number(port) });
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** The URL of the database by way of this proxy. */
  urlOf(url: string): string {
    const changed = new URL(url);
    changed.hostname = '127.0.0.1';
    changed.port = String((this.#server.address() as AddressInfo).port);
    return changed.href;
  }

  /** Connections that can be used. */
  get open(): number {
    return this.#pairs.size;
  }

  /**
   * Connections that were silenced stay silent for ever, whatever comes after: the two ends have lost each other.
   * Only those made later go through again.
   */
  become(state: ProxyState): void {
    this.#state = state;
    if (state === 'open') return;
    for (const { client, server } of this.#pairs) {
      if (state === 'down') {
        client.resetAndDestroy();
      } else {
        client.unpipe(server);
        client.pause();
        this.#keepSilent(client);
      }
      // The database notices the end of its side at once, so that it holds no locks for those who are gone.
      server.destroy();
    }
    this.#pairs.clear();
  }

  async close(): Promise<void> {
    this.become('down');
    for (const socket of this.#silenced) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    client.on('error', () => {});
    if (this.#state === 'down') {
      this.refused += 1;
      client.resetAndDestroy();
    } else if (this.#state === 'silent') {
      this.#keepSilent(client);
    } else {
      this.#forward(client);
    }
  }

  #keepSilent(client: Socket): void {
    this.swallowed += 1;
    this.#silenced.add(client);
    client.once('close', () => this.#silenced.delete(client));
  }

  #forward(client: Socket): void {
    const server = connect(this.#target);
    const pair = { client, server };
    this.#pairs.add(pair);
    const end = (): void => {
      if (!this.#pairs.delete(pair)) return;
      client.destroy();
      server.destroy();
    };
    server.on('error', end);
    client.once('close', end);
    server.once('close', end);
    client.setNoDelay(true);
    server.setNoDelay(true);
    client.pipe(server);
    server.pipe(client);
  }
}
