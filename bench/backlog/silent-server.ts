import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const TIMEOUT_MS = 30_000;

/** A server that never answers, and knows the requests that wait for it. */
export class SilentServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #inFlight = new Map<string, number>();
  #onRequest = (): void => undefined;

  private constructor() {
    this.#server = createServer({ requestTimeout: 0 }, (request, response) => {
      const path = request.url!;
      this.#inFlight.set(path, this.#count(path) + 1);
      response.on('close', () => this.#inFlight.set(path, this.#count(path) - 1));
      request.resume();
      this.#onRequest();
    });
  }

  static async start(): Promise<SilentServer> {
    const silent = new SilentServer();
    await once(silent.#server.listen(0, '127.0.0.1'), 'listening');
    return silent;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Waits until so many requests of a path are in flight. @throws when they do not come */
  async whenInFlight(path: string, requests: number): Promise<void> {
    if (this.#count(path) >= requests) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${path}: expected ${requests} requests in flight, got ${this.#count(path)}`)),
        TIMEOUT_MS,
      );
      this.#onRequest = () => {
        if (this.#count(path) < requests) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #count(path: string): number {
    return this.#inFlight.get(path) ?? 0;
  }
}
