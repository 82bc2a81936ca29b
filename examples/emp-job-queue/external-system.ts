/** The other side: a system that gets webhooks. It checks every request with code of its own, nothing of Posthorn is used, and keeps its own count. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** The body of a webhook, as far as it is looked at here. */
export interface WebhookPayload {
  readonly event_type: string;
  readonly event_id: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** How it answers: 200; 500; not before `release`. */
export type Mood = 'well' | 'down' | 'slow';

export class ExternalSystem {
  readonly name: string;
  mood: Mood = 'well';
  /** All that it has answered with 200, in order. */
  readonly accepted: WebhookPayload[] = [];
  /** Why it has refused requests. */
  readonly refusals: string[] = [];
  requests = 0;
  /** What requests to it are signed with; without one they are not. */
  readonly #secret: string | undefined;
  readonly #server: Server;
  readonly #held = new Map<ServerResponse, WebhookPayload>();

  private constructor(name: string, secret: string | undefined) {
    this.name = name;
    this.#secret = secret;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(name: string, secret?: string): Promise<ExternalSystem> {
    const system = new ExternalSystem(name, secret);
    system.#server.listen(0, '127.0.0.1');
    await once(system.#server, 'listening');
    return system;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/webhooks`;
  }

  /** What waits for an answer. */
  get held(): readonly WebhookPayload[] {
    return [...this.#held.values()];
  }

  /** Well again: answers what it held, and everything from now on. */
  release(): void {
    this.mood = 'well';
    for (const [response, payload] of this.#held) this.#accept(payload, response);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const signature = request.headers['x-webhook-signature'];
    this.requests += 1;
    if (this.#secret !== undefined && !isGenuine(body, signature, this.#secret)) {
      this.refusals.push(`request ${this.requests} is not signed with its secret`);
      response.writeHead(401).end();
    } else if (this.mood === 'down') {
      response.writeHead(500).end();
    } else {
      const payload = JSON.parse(body) as WebhookPayload;
      if (this.mood === 'well') return this.#accept(payload, response);
      this.#held.set(response, payload);
      // Whoever sent it has died: nobody is left to be answered.
      response.once('close', () => this.#held.delete(response));
    }
  }

  #accept(payload: WebhookPayload, response: ServerResponse): void {
    this.accepted.push(payload);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"received":true}');
  }
}

/** Over the bytes that came, which works in every language; the length is compared first, because `timingSafeEqual` throws otherwise. */
function isGenuine(body: string, signature: string | string[] | undefined, secret: string): boolean {
  const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const offered = Buffer.from(String(signature));
  return offered.length === expected.length && timingSafeEqual(offered, expected);
}
