/** The service, made of what its environment says. Its webhook worker starts and stops with it. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { createApp } from './app.ts';
import { createTables } from './database.ts';
import { readSettings } from './settings.ts';
import { createWebhooks } from './webhooks.ts';

export interface RunningServer {
  readonly url: string;
  /** Lets requests in flight end. */
  stop(): Promise<void>;
}

export async function startServer(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<RunningServer> {
  const settings = readSettings(environment);
  const pool = new pg.Pool({ connectionString: settings.databaseUrl });
  // An idle connection that is lost is replaced by the next query.
  pool.on('error', (error) => console.error(`database: ${error.message}`));
  await createTables(pool);

  const webhooks = createWebhooks(pool, settings);
  webhooks.on('error', ({ error }) => console.error(`webhooks: ${error.message}`));
  webhooks.on('alert.raised', ({ alert, detail }) => console.error(`webhooks: ${alert}: ${detail}`));
  await webhooks.start();

  const server = createApp({ pool, webhooks }).listen(settings.port);
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      await webhooks.stop();
      server.closeAllConnections();
      await closed;
      await pool.end();
    },
  };
}
