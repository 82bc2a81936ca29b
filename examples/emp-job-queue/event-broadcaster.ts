/** What the application had before webhooks: whoever watches hears of everything, clients of jobs alone. Webhooks are the last lines of `broadcast`. */
import type { MonitorEvent } from './webhooks.ts';

export type EventListener = (event: MonitorEvent) => void;

/** Takes events for webhooks. Not waited for, and never in the way. */
export interface WebhookService {
  processEvent(event: MonitorEvent): Promise<unknown>;
}

export class EventBroadcaster {
  readonly #monitors = new Set<EventListener>();
  readonly #clients = new Set<EventListener>();
  readonly #webhooks: WebhookService;
  readonly #logError: (text: string) => void;

  constructor(webhooks: WebhookService, logError: (text: string) => void) {
    this.#webhooks = webhooks;
    this.#logError = logError;
  }

  /** Hears of everything, until the returned function is called. */
  addMonitor(monitor: EventListener): () => void {
    this.#monitors.add(monitor);
    return () => this.#monitors.delete(monitor);
  }

  /** Hears of jobs, until the returned function is called. */
  addClient(client: EventListener): () => void {
    this.#clients.add(client);
    return () => this.#clients.delete(client);
  }

  broadcast(event: MonitorEvent): void {
    for (const monitor of this.#monitors) monitor(event);
    if (event.type.startsWith('job.')) for (const client of this.#clients) client(event);
    this.#webhooks.processEvent(event).catch((error: Error) => {
      this.#logError(`Webhook processing failed: ${event.type}: ${error.message}`);
    });
  }
}
