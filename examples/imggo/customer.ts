/**
 * A customer's receiver, done well: it verifies the raw body, checks what is in it, takes each event of a job once, answers at once and
 * works afterwards, for several systems of its own.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createNodeHandler, memorySeenStore } from 'posthorn/receiver';
import * as v from 'valibot';
import type { JobEvent } from './jobs.ts';

/** A key that protects nothing. Node.js cannot make certificates. */
const read = (name: string): Buffer => readFileSync(new URL(`./tls/${name}`, import.meta.url));
export const CERTIFICATE: Buffer = read('cert.pem');
export const HOST = 'customer.test';

/** What has to be in every event; each system of the customer knows what it wants of the rest. */
const EventSchema = v.object({
  event: v.picklist(['job.queued', 'job.completed', 'job.failed']),
  job_id: v.pipe(v.string(), v.minLength(1)),
  status: v.string(),
});

export interface CustomerOptions {
  readonly secret: string;
  /** Systems that each event goes to. */
  readonly systems: readonly ((event: JobEvent) => Promise<void>)[];
  readonly now: () => number;
}

/** When a request was answered, epoch ms, and how. */
export interface Arrival {
  readonly at: number;
  readonly status: number;
}

export class Customer {
  readonly arrivals: Arrival[] = [];
  /** Status of all answers while nothing that comes is handled; undefined for a receiver that works. */
  failure: number | undefined;
  readonly #queue: Promise<unknown>[] = [];
  readonly #server: Server;

  constructor({ secret, systems, now }: CustomerOptions) {
    const handle = createNodeHandler({
      secret,
      scheme: { scheme: 'hex', header: 'X-ImgGo-Signature' },
      envelope: 'raw',
      identify: (data) => {
        const { event, job_id } = v.parse(EventSchema, data);
        return { id: `${event} ${job_id}`, type: event }; // by the job id alone, completed would be a repetition of queued
      },
      deduplicate: { store: memorySeenStore() },
      acceptedStatus: 200,
      handle: ({ data }) => {
        // In place of a queue that lasts: the answer does not wait for it.
        for (const system of systems) this.#queue.push(system(data as JobEvent));
      },
      onError: console.error,
    });
    this.#server = createServer({ key: read('key.pem'), cert: CERTIFICATE }, (request, response) => {
      response.once('finish', () => this.arrivals.push({ at: now(), status: response.statusCode }));
      if (this.failure === undefined) void handle(request, response);
      else response.writeHead(this.failure).end();
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `https://${HOST}:${(this.#server.address() as AddressInfo).port}/webhooks/imggo`;
  }

  /** Resolves when all work is done that events have led to. */
  async finishWork(): Promise<void> {
    await Promise.all(this.#queue);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
