import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that answers everything with 500, at once, and counts it. */
export class FailingServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #requests = new Map<string, number>();

  private constructor() {
    this.#server = createServer((request, response) => {
      const path = request.url!;
      this.#requests.set(path, this.requests(path) + 1);
      request.resume();
      response.writeHead(500).end();
    });
  }

  static async start(): Promise<FailingServer> {
    const failing = new FailingServer();
    await once(failing.#server.listen(0, '127.0.0.1'), 'listening');
    return failing;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many requests came for a path. */
  requests(path: string): number {
    return this.#requests.get(path) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
