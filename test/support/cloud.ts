/** The service of examples/remotedev-cloud, as it stands there, with time that the test moves. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Pool } from 'pg';
import { createApp } from '../../examples/remotedev-cloud/app.ts';
import { createPool, createTables, createUser } from '../../examples/remotedev-cloud/database.ts';
import type { Events } from '../../examples/remotedev-cloud/events.ts';
import { readSettings } from '../../examples/remotedev-cloud/settings.ts';
import {
  createWebhookService,
  webhookOptions,
  type WebhookService,
} from '../../examples/remotedev-cloud/webhooks.ts';
import { sqlStore } from '../../src/store/sql/create-sql-store.ts';
import { createHarness, type Harness } from '../../src/testing/harness.ts';
import { createPostgresDatabase } from './postgres-database.ts';

type Environment = Readonly<Record<string, string>>;

/** The keys of its two users. */
export const USERS = [
  { id: 'user-1', name: 'Alice', key: 'key-of-user-1-0123456789' },
  { id: 'user-2', name: 'Bob', key: 'key-of-user-2-0123456789' },
] as const;

/** What every environment of a test has: receivers are on this machine. */
export const LOCAL: Environment = {
  WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8',
  WEBHOOK_SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
};

/** The dispatcher of the recipe, on a store in memory. */
export async function createRecipe(
  environment: Environment = {},
  startAt?: number,
): Promise<Harness<Events> & WebhookService> {
  const settings = readSettings({ DATABASE_URL: 'postgres://not.used', ...LOCAL, ...environment });
  const dispatcher = webhookOptions(settings);
  const harness = await createHarness<Events>({ dispatcher, ...(startAt !== undefined && { startAt }) });
  return Object.assign(harness, createWebhookService(harness.dispatcher));
}

export interface Cloud extends AsyncDisposable {
  readonly harness: Harness<Events>;
  readonly service: WebhookService;
  readonly pool: Pool;
  readonly origin: string;
}

/** All of the service: PostgreSQL, its users, its routes behind a real server. */
export async function startCloud(environment: Environment = {}): Promise<Cloud> {
  const database = await createPostgresDatabase();
  const settings = readSettings({ DATABASE_URL: database.url, ...LOCAL, ...environment });
  const pool = createPool(database.url);
  await createTables(pool);
  for (const { key, ...user } of USERS) await createUser(pool, user, key);
  const clock = { now: (): number => harness.clock.now() };
  const harness: Harness<Events> = await createHarness<Events>({
    dispatcher: { ...webhookOptions(settings), store: sqlStore(pool, { clock }) },
  });
  await harness.dispatcher.start();
  const server = createServer(createApp({ pool, webhooks: harness.dispatcher }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    harness,
    service: createWebhookService(harness.dispatcher),
    pool,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve).closeAllConnections());
      await harness.close();
      await pool.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** What the REST API of the service answered. */
export interface CloudAnswer {
  readonly status: number;
  readonly body: { readonly data: Readonly<Record<string, unknown>> };
}

/** Calls the REST API of the service with the key of a user. */
export async function call(
  origin: string,
  { key }: { readonly key: string },
  method: string,
  path: string,
  body?: unknown,
): Promise<CloudAnswer> {
  const response = await fetch(`${origin}/api${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as CloudAnswer['body'] };
}

/** A webhook for sessions, at the path of its user. Its id. */
export async function createWebhook(
  { origin, harness }: Cloud,
  user: { id: string; key: string },
): Promise<string> {
  const url = harness.receiver.urlOf(`/${user.id}`);
  const { body } = await call(origin, user, 'POST', '/webhooks', { url, events: ['session.*'] });
  return body.data['id'] as string;
}
