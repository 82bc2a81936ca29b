import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request, as far as it is counted. */
export interface Arrival {
  /** Id of the message. */
  readonly id: string;
  /** Who sent it: its `user-agent`. */
  readonly sender: string;
}

/** What becomes of a request: a status, or `hold`, to be answered later. */
export type Verdict = number | 'hold';

interface Held {
  readonly arrival: Arrival;
  readonly response: ServerResponse;
}

/** Shorter than the time of a test, so that it can say what it waited for. */
const PATIENCE_MS = 25_000;

/** A receiver for many processes: counts by message and by sender, and outlives those who are killed. */
export class CountingReceiver {
  /** Requests by message. */
  readonly arrived = new Map<string, number>();
  /** Answers 2xx by message. */
  readonly answered = new Map<string, number>();
  /** Answers 2xx by sender. */
  readonly answeredBy = new Map<string, number>();
  /** Every request, in order. */
  readonly arrivals: Arrival[] = [];
  readonly #server: Server;
  readonly #held = new Set<Held>();
  readonly #watchers = new Set<() => void>();
  #judge: (arrival: Arrival) => Verdict = () => 204;

  private constructor() {
    this.#server = createServer((request, response) => {
      request.resume();
      request.once('end', () => this.#serve(request, response));
    });
    this.#server.keepAliveTimeout = 60_000;
  }

  static async start(): Promise<CountingReceiver> {
    const receiver = new CountingReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Requests that wait for an answer and whose sender waits for it, too. */
  held(sender?: string): number {
    return [...this.#held].filter(({ arrival }) => sender === undefined || arrival.sender === sender).length;
  }

  /** How requests are judged from now on. */
  judge(judge: (arrival: Arrival) => Verdict): void {
    this.#judge = judge;
  }

  /** Answers what is held, and everything from now on. */
  release(status = 204): void {
    this.#judge = () => 204;
    for (const held of [...this.#held]) this.#answer(held, status);
  }

  /** Answers the one that was held longest. */
  releaseOne(status = 204): void {
    const [held] = this.#held;
    if (held !== undefined) this.#answer(held, status);
  }

  /** Messages that were answered 2xx more than once. */
  get repeated(): readonly string[] {
    return [...this.answered].filter(([, count]) => count > 1).map(([id]) => id);
  }

  /** Waits for requests and answers until something is so. */
  async until(isSo: () => boolean, what: string, patienceMs: number = PATIENCE_MS): Promise<void> {
    let stopWatching = (): void => {};
    const reached = new Promise<void>((resolve) => {
      const look = (): void => {
        if (isSo()) resolve();
      };
      stopWatching = () => this.#watchers.delete(look);
      this.#watchers.add(look);
      look();
    });
    const limit = AbortSignal.timeout(patienceMs);
    const expired = new Promise<never>((_, reject) => {
      limit.onabort = () =>
        reject(new Error(`waited ${patienceMs} ms in vain until ${what}; ${this.describe()}`));
    });
    try {
      await Promise.race([reached, expired]);
    } finally {
      limit.onabort = null;
      stopWatching();
    }
  }

  describe(): string {
    const senders = [...this.answeredBy].map(([sender, count]) => `${sender}: ${count}`).join(', ');
    return `${this.arrivals.length} requests, ${this.answered.size} messages answered (${senders}), ${this.#held.size} held`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const arrival = {
      id: String(request.headers['webhook-id']),
      sender: request.headers['user-agent'] ?? '',
    };
    const held = { arrival, response };
    this.arrivals.push(arrival);
    increase(this.arrived, arrival.id);
    this.#held.add(held);
    response.once('close', () => {
      this.#held.delete(held);
      this.#tell();
    });
    const verdict = this.#judge(arrival);
    if (verdict !== 'hold') this.#answer(held, verdict);
    this.#tell();
  }

  #answer(held: Held, status: number): void {
    const { arrival, response } = held;
    this.#held.delete(held);
    // Counted before it is written: an answer that the network loses is a delivery all the same.
    if (status < 300) {
      increase(this.answered, arrival.id);
      increase(this.answeredBy, arrival.sender);
    }
    response.writeHead(status).end();
  }

  #tell(): void {
    for (const look of [...this.#watchers]) look();
  }
}

function increase(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
