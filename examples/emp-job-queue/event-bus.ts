/**
 * Between the instances: what one broadcasts the others hear as well, so that monitors may be connected to any of them. By notifications of
 * PostgreSQL, which is there already. All instances hand every event to their webhooks; its `event_id` makes one message of it.
 *
 * What is published while an instance is not listening its monitors miss; webhooks do not, because whoever published it hands it over as well.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { MonitorEvent } from './webhooks.ts';

interface Notice {
  readonly from: string;
  readonly event: MonitorEvent;
}

export interface EventBusOptions {
  readonly databaseUrl: string;
  /** Instances that share it hear each other. */
  readonly channel: string;
  /** Who publishes here. */
  readonly instanceId: string;
  /** Told of what others publish. */
  readonly onEvent: (event: MonitorEvent) => void;
  readonly logError: (text: string) => void;
}

/** A notification has less than 8,000 bytes; a number stands before the part. */
const PART = /.{1,7900}/g;
const LISTEN_AGAIN_MS = 1_000;

export class EventBus {
  readonly #options: EventBusOptions;
  /** Publishes; makes a new connection when one is lost. */
  readonly #pool: pg.Pool;
  /** Listens. `undefined` while there is no connection. */
  #client: pg.Client | undefined;
  /** One after the other, so that all hear them in this order. */
  #published: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();

  private constructor(options: EventBusOptions) {
    this.#options = options;
    this.#pool = new pg.Pool({ connectionString: options.databaseUrl, max: 1 });
    this.#pool.on('error', this.#logError);
    this.#pool.on('connect', (client) => client.on('error', this.#logError));
  }

  static async open(options: EventBusOptions): Promise<EventBus> {
    const bus = new EventBus(options);
    await bus.#listen();
    return bus;
  }

  get isListening(): boolean {
    return this.#client !== undefined;
  }

  /** In parts, of which base64 makes characters of one byte each: an event may be of any size. */
  publish(event: MonitorEvent): void {
    const { channel, instanceId: from } = this.#options;
    const notice: Notice = { from, event };
    const parts = Buffer.from(JSON.stringify(notice)).toString('base64').match(PART)!;
    const payloads = parts.map((part, index) => `${parts.length - index - 1} ${part}`);
    this.#published = this.#published
      .then(() =>
        this.#pool.query('select pg_notify($1, part) from unnest($2::text[]) part', [channel, payloads]),
      )
      .catch(this.#logError);
  }

  /** Sends what was published, then ends. */
  async close(): Promise<void> {
    await this.#published;
    this.#closing.abort();
    await this.#client?.end();
    await this.#pool.end();
  }

  async #listen(): Promise<void> {
    const { databaseUrl, channel } = this.#options;
    const client = new pg.Client({ connectionString: databaseUrl, keepAlive: true });
    const begun = new Map<number, string>();
    client.on('error', this.#logError);
    client.on('notification', ({ processId, payload = '' }) => {
      const [, left, part] = /^(\d+) (.+)$/.exec(payload) ?? [];
      if (part === undefined) return this.#logError(new Error('something else was notified on its channel'));
      const text = (begun.get(processId) ?? '') + part;
      if (left !== '0') return void begun.set(processId, text);
      begun.delete(processId);
      this.#take(text);
    });
    try {
      await client.connect();
      await client.query(`listen ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
    client.once('end', () => {
      this.#client = undefined;
      void this.#listenAgain();
    });
  }

  async #listenAgain(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted && !this.isListening)
      await sleep(LISTEN_AGAIN_MS, undefined, { signal, ref: false })
        .then(() => this.#listen())
        .catch((error: Error) => signal.aborted || this.#logError(error));
  }

  #take(text: string): void {
    try {
      const { from, event } = JSON.parse(Buffer.from(text, 'base64').toString()) as Notice;
      if (typeof event.type !== 'string') throw new Error('it was notified of something without a type');
      if (from !== this.#options.instanceId) this.#options.onEvent(event);
    } catch (error) {
      this.#logError(error as Error);
    }
  }

  readonly #logError = (error: Error): void => this.#options.logError(`Event bus: ${error.message}`);
}
