import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What comes to this path is held from the beginning. */
export const HELD_PATH = '/held';

/** A receiver that outlives the processes that are killed, and counts what it said yes to. */
export class Receiver {
  /** Successful answers by message id. */
  readonly answered: Map<string, number> = new Map();
  readonly #server: Server;
  readonly #held = new Set<ServerResponse>();
  #isHolding = false;
  #wasReleased = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Receiver> {
    const receiver: Receiver = new Receiver(
      createServer((request, response) => {
        const id = String(request.headers['webhook-id']);
        request.resume();
        const isHeld = request.url === HELD_PATH && !receiver.#wasReleased;
        request.once('end', () => receiver.#answer(id, response, isHeld));
      }),
    );
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** From now on requests are read and not answered. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Answers again; what was held is given up. */
  release(): void {
    this.#isHolding = false;
    this.#wasReleased = true;
    for (const response of this.#held) response.destroy();
    this.#held.clear();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(id: string, response: ServerResponse, isHeld: boolean): void {
    if (this.#isHolding || isHeld) {
      this.#held.add(response);
      return;
    }
    // Counted before it is written: an answer that the network loses is a delivery all the same.
    this.answered.set(id, (this.answered.get(id) ?? 0) + 1);
    response.writeHead(204).end();
  }
}
