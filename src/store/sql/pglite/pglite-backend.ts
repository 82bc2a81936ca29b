import { createSystemRandom } from '../../../clock.ts';
import { createToken } from '../../../core/id.ts';
import type { Backend, Connection, ConnectParams, Signals } from '../backend.ts';
import { connectScripts } from '../connect-scripts.ts';
import type { NotificationChannel } from '../database.ts';
import { NOTIFICATION_KINDS, parseNotification } from '../notification.ts';
import { NotificationSender } from '../postgres/notification-sender.ts';
import { channelOf } from '../postgres/channel.ts';
import { postgresDialect } from '../postgres/postgres-dialect.ts';
import { RetryingRunner } from '../retrying-runner.ts';
import { type Pglite, PgliteRunner } from './pglite-runner.ts';

/** PGlite: PostgreSQL inside this process. It never asks the disk to keep what it wrote, so it is not durable. */
export function createPgliteBackend(pglite: Pglite): Backend {
  return {
    name: 'pglite',
    dialect: postgresDialect,
    isDurable: false,
    isShared: false,
    isNotified: true,
    connect: (params) => connect(pglite, params),
  };
}

async function connect(pglite: Pglite, params: ConnectParams): Promise<Connection> {
  const notifications = { channel: channelOf(params.place), instance: createToken(createSystemRandom()) };
  const sender = new NotificationSender(new PgliteRunner(pglite));
  const runner = await connectScripts({
    dialect: postgresDialect,
    scripts: new RetryingRunner(new PgliteRunner(pglite, (statements) => sender.send(statements))),
    connect: params,
    notifications,
  });
  const signals = new PgliteSignals(pglite, notifications);
  return {
    runner,
    signals,
    async close() {
      await signals.close();
      await runner.close();
    },
  };
}

/** Other stores on the same instance. */
class PgliteSignals implements Signals {
  readonly #pglite: Pglite;
  readonly #notifications: NotificationChannel;
  #listening: Promise<(() => Promise<void>) | undefined> | undefined;

  constructor(pglite: Pglite, notifications: NotificationChannel) {
    this.#pglite = pglite;
    this.#notifications = notifications;
  }

  listen(heard: Parameters<Signals['listen']>[0]): void {
    const { channel, instance } = this.#notifications;
    this.#listening = this.#pglite
      .listen(channel, (payload) => {
        const notification = parseNotification(payload);
        if (notification !== undefined && notification.instance !== instance) heard([notification.kind]);
      })
      .then(
        (end) => {
          heard(NOTIFICATION_KINDS);
          return end;
        },
        () => undefined,
      );
  }

  async close(): Promise<void> {
    const end = await this.#listening;
    // The application may have closed the instance before.
    await end?.().catch(() => undefined);
  }
}
