/** The server of a user of the service. It checks every request by code of its own; nothing of Posthorn is used. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const TOLERANCE_SECONDS = 300;

export class Customer {
  readonly name: string;
  /** As the service returned it when the webhook was created. */
  secret = '';
  /** What becomes of the next requests, one each: an error, or no answer at all. All others are accepted. */
  readonly troubles: ('error' | 'silence')[] = [];
  /** Answers everything with an error. */
  isDown = false;
  /** Requests that came, whatever became of them. */
  requests = 0;
  /** By their ids, so that one that comes twice counts once. */
  readonly accepted = new Map<string, ReceivedEvent>();
  /** Requests that nobody should trust. */
  readonly forged: string[] = [];
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  constructor(name: string) {
    this.name = name;
  }

  /** Where it listens. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/webhooks/remotedevai`;
  }

  /** What was accepted of a type. */
  of(type: string): readonly ReceivedEvent[] {
    return [...this.accepted.values()].filter((event) => event.type === type);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.requests += 1;
    const status = this.#judge(request.headers, Buffer.concat(chunks));
    if (status !== undefined) response.writeHead(status).end();
  }

  /** The status of the answer; `undefined` for none. */
  #judge(headers: IncomingHttpHeaders, body: Buffer): number | undefined {
    const problem = whyForged(this.secret, headers, body);
    if (problem !== undefined) {
      this.forged.push(problem);
      return 401;
    }
    const trouble = this.isDown ? 'error' : this.troubles.shift();
    if (trouble !== undefined) return trouble === 'error' ? 503 : undefined;
    const event = JSON.parse(body.toString()) as ReceivedEvent;
    this.accepted.set(event.id, event);
    return 200;
  }
}

/** `undefined` when the signature holds: over the raw body, not over one that was parsed and written again. */
function whyForged(secret: string, headers: IncomingHttpHeaders, body: Buffer): string | undefined {
  const { 'x-webhook-timestamp': time, 'x-webhook-signature': signature } = headers;
  if (typeof time !== 'string' || typeof signature !== 'string') return 'it is not signed';
  if (!/^\d{1,12}$/.test(time)) return 'its time is none';
  if (Math.abs(Date.now() / 1000 - Number(time)) > TOLERANCE_SECONDS) return 'its time is too far from now';
  const expected = createHmac('sha256', secret).update(`${time}.`).update(body).digest();
  const offered = Buffer.from(signature, 'hex');
  const isGenuine = offered.length === expected.length && timingSafeEqual(offered, expected);
  return isGenuine ? undefined : 'its signature does not fit';
}
