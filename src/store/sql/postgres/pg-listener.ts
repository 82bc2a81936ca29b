import { systemClock, type Timer } from '../../../clock.ts';
import type { Signals } from '../backend.ts';
import type { NotificationChannel } from '../database.ts';
import { NOTIFICATION_KINDS, type NotificationKind, parseNotification } from '../notification.ts';

/** A client of `pg` of its own: the part of it that listening needs. */
export interface PgListenClient {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  on(event: 'notification', listener: (message: { channel: string; payload?: string }) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  /** Keeps the process alive no longer. */
  unref?(): void;
  end(): Promise<void>;
  readonly connection?: { readonly stream?: { destroy(): unknown } };
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 10_000;
/** How often a quiet connection is tried: one that is half open would never say so. */
const PING_INTERVAL_MS = 15_000;
const PING_TIMEOUT_MS = 5_000;
const END_TIMEOUT_MS = 1_000;

/** Listens on a connection of its own, and connects again when it is lost. Whatever was sent meanwhile is told as something that may have been. */
export class PgListener implements Signals {
  readonly #create: () => PgListenClient;
  readonly #notifications: NotificationChannel;
  #heard: (kinds: readonly NotificationKind[]) => void = () => undefined;
  #client: PgListenClient | undefined;
  #timer: Timer | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(create: () => PgListenClient, notifications: NotificationChannel) {
    this.#create = create;
    this.#notifications = notifications;
  }

  listen(heard: (kinds: readonly NotificationKind[]) => void): void {
    this.#heard = heard;
    void this.#connect();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await end(client);
  }

  async #connect(): Promise<void> {
    const client = this.#create();
    this.#client = client;
    const lost = (): void => this.#onLost(client);
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload }) => this.#onNotification(payload ?? ''));
    try {
      await within(client.connect(), PING_TIMEOUT_MS);
      client.unref?.();
      await within(client.query(`listen "${this.#notifications.channel}"`), PING_TIMEOUT_MS);
    } catch {
      lost();
      return;
    }
    if (this.#client !== client) return;
    this.#failures = 0;
    this.#heard(NOTIFICATION_KINDS);
    this.#pingLater(client);
  }

  #pingLater(client: PgListenClient): void {
    this.#timer = systemClock.setTimer(() => {
      within(client.query('select 1'), PING_TIMEOUT_MS).then(
        () => {
          if (this.#client === client) this.#pingLater(client);
        },
        () => this.#onLost(client),
      );
    }, PING_INTERVAL_MS);
  }

  #onLost(client: PgListenClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#timer?.cancel();
    void end(client);
    if (this.#isClosed) return;
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** this.#failures, LONGEST_WAIT_MS);
    this.#failures += 1;
    this.#timer = systemClock.setTimer(() => void this.#connect(), waitMs);
  }

  #onNotification(payload: string): void {
    const notification = parseNotification(payload);
    if (notification === undefined || notification.instance === this.#notifications.instance) return;
    this.#heard([notification.kind]);
  }
}

/** A server that vanished without a word never answers the goodbye. */
async function end(client: PgListenClient): Promise<void> {
  try {
    await within(client.end(), END_TIMEOUT_MS);
  } catch {
    client.connection?.stream?.destroy();
  }
}

function within<T>(promise: Promise<T>, limitMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = systemClock.setTimer(() => reject(new Error('The server does not answer.')), limitMs);
    promise.then(resolve, reject).finally(() => timer.cancel());
  });
}
