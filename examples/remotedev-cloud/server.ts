/** The service, made of what its environment says. Its webhook worker starts and stops with it. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createApp } from './app.ts';
import { createPool, createTables } from './database.ts';
import { readSettings } from './settings.ts';
import { createWebhooks } from './webhooks.ts';

/** How long requests in flight may take when the service ends. */
const REQUEST_LIMIT_MS = 10_000;

export interface RunningServer {
  readonly url: string;
  /** Lets requests in flight end. */
  stop(): Promise<void>;
}

export async function startServer(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<RunningServer> {
  const settings = readSettings(environment);
  const pool = createPool(settings.databaseUrl);
  await createTables(pool);

  const webhooks = createWebhooks(pool, settings);
  webhooks.on('error', ({ error }) => console.error(`webhooks: ${error.message}`));
  webhooks.on('alert.raised', ({ alert, detail }) => console.error(`webhooks: ${alert}: ${detail}`));
  await webhooks.start();

  const server = createApp({ pool, webhooks }).listen(settings.port, settings.host);
  await once(server, 'listening');
  // A connection that is kept for more requests ends with the last one.
  server.on('request', (_request, response) =>
    response.once('close', () => server.listening || server.closeIdleConnections()),
  );
  const { address, family, port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    const limit = setTimeout(() => server.closeAllConnections(), REQUEST_LIMIT_MS);
    await closed;
    clearTimeout(limit);
    await webhooks.stop();
    await pool.end();
  };
  let stopped: Promise<void> | undefined;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    stop: () => (stopped ??= stop()),
  };
}
