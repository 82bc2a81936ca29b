/**
 * Between the instances: what one broadcasts the others hear as well, so that monitors may be connected to any of them. By notifications of
 * PostgreSQL, which is there already. All instances hand every event to their webhooks; its `event_id` makes one message of it.
 */
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

export class EventBus {
  readonly #client: pg.Client;
  readonly #options: EventBusOptions;
  /** A connection does one query after the other. */
  #published: Promise<unknown> = Promise.resolve();

  private constructor(client: pg.Client, options: EventBusOptions) {
    this.#client = client;
    this.#options = options;
  }

  static async open(options: EventBusOptions): Promise<EventBus> {
    const client = new pg.Client({ connectionString: options.databaseUrl });
    const fail = (error: Error): void => options.logError(`Event bus: ${error.message}`);
    client.on('error', fail);
    client.on('notification', ({ payload = '' }) => {
      const { from, event } = JSON.parse(payload) as Notice;
      if (from !== options.instanceId) options.onEvent(event);
    });
    await client.connect();
    await client.query(`listen ${pg.escapeIdentifier(options.channel)}`);
    return new EventBus(client, options);
  }

  publish(event: MonitorEvent): void {
    const { channel, instanceId, logError } = this.#options;
    const notice: Notice = { from: instanceId, event };
    this.#published = this.#published
      .then(() => this.#client.query('select pg_notify($1, $2)', [channel, JSON.stringify(notice)]))
      .catch((error: Error) => logError(`Event bus: ${error.message}`));
  }

  /** Sends what was published, then ends. */
  async close(): Promise<void> {
    await this.#published;
    await this.#client.end();
  }
}
