/** The frontend of the story: hands in jobs with its URL, and hears of them. It verifies the raw body, and may be down for a while. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Update {
  readonly job_id: string;
  readonly status: string;
}

export class Frontend {
  readonly #secret: string;
  readonly #server: Server;
  readonly #heard = new EventEmitter();
  readonly #updates: Update[] = [];
  readonly #routes = new Set(['/api/webhooks/print-status']);
  #refused = 0;
  #isDown = false;

  constructor(secret: string) {
    this.#secret = secret;
    this.#server = createServer((request, response) => {
      void this.#answer(request).then((status) => {
        response.writeHead(status).end();
        this.#heard.emit('request');
      });
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  urlOf(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  /** Answers 503 to everything, or works again. */
  set isDown(isDown: boolean) {
    this.#isDown = isDown;
  }

  /** From now on there is a route at this path, which was answered with 404 before. */
  deploy(path: string): void {
    this.#routes.add(path);
  }

  /** Requests that it did not take. */
  get refused(): number {
    return this.#refused;
  }

  /** The statuses of a job as they came; one that came twice is there twice. */
  statusesOf(jobId: string): readonly string[] {
    return this.#updates.filter(({ job_id }) => job_id === jobId).map(({ status }) => status);
  }

  /** Resolves at the first request after which this is so; rejects when the time is up. */
  async until(isSo: () => boolean, signal: AbortSignal): Promise<void> {
    while (!isSo()) await once(this.#heard, 'request', { signal });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage): Promise<number> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const status = this.#judge(request, body);
    if (status === 200) this.#updates.push(JSON.parse(body.toString()) as Update);
    else this.#refused += 1;
    return status;
  }

  #judge(request: IncomingMessage, body: Buffer): number {
    if (this.#isDown) return 503;
    if (!this.#routes.has(request.url ?? '')) return 404;
    const expected = createHmac('sha256', this.#secret).update(body).digest();
    const offered = Buffer.from(String(request.headers['x-print-service-signature']), 'hex');
    return offered.length === expected.length && timingSafeEqual(offered, expected) ? 200 : 401;
  }
}
