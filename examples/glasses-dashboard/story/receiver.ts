/** Somebody who wants to hear of matches: a real HTTP server on this machine, in place of an application elsewhere. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface ReceivedEvent {
  readonly id: string;
  readonly event: string;
  readonly model: string | undefined;
}

export class Receiver {
  readonly name: string;
  /** What `X-Webhook-Secret` must be; undefined: it is not looked at. */
  secret: string | undefined;
  /** So many requests are answered with 500 from now on. */
  failures = 0;
  /** Requests are read, and not answered. */
  isHolding = false;
  held = 0;
  refused = 0;
  /** What was answered with 200, in order. */
  readonly accepted: ReceivedEvent[] = [];
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  constructor(name: string, secret?: string) {
    this.name = name;
    this.secret = secret;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api/webhook`;
  }

  /** Ids of what it accepted of this kind: a message that came twice counts once. */
  idsOf(event: string): ReadonlySet<string> {
    return new Set(this.accepted.filter((one) => one.event === event).map(({ id }) => id));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { event, data } = (await json(request)) as { event: string; data: { best_model?: string } };
    if (this.isHolding) {
      this.held += 1;
      return;
    }
    if (this.secret !== undefined && request.headers['x-webhook-secret'] !== this.secret) {
      this.refused += 1;
      response.writeHead(401).end('{"error":"Unauthorized"}');
      return;
    }
    if (this.failures > 0) {
      this.failures -= 1;
      response.writeHead(500).end();
      return;
    }
    this.accepted.push({ id: String(request.headers['x-webhook-id']), event, model: data.best_model });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"received":true}');
  }
}
