/** The HTTP side of the service: its own routes, those of the webhooks, and what Prometheus reads. */
import express, { type Express, type Request } from 'express';
import type { Pool } from 'pg';
import type { WebhookDispatcher } from 'posthorn';
import { createWebhookApi, toNodeHandler } from 'posthorn/http';
import { collectMetrics } from 'posthorn/prometheus';
import { Registry } from 'prom-client';
import { digestOf, findUser, inTransaction, insertProject, type User } from './database.ts';
import { type Events, WEBHOOK_EVENTS } from './events.ts';
import { createWebhookService, webhookApiOptions } from './webhooks.ts';

export interface AppParts {
  readonly pool: Pool;
  readonly webhooks: WebhookDispatcher<Events>;
}

export function createApp({ pool, webhooks }: AppParts): Express {
  const app = express();
  const service = createWebhookService(webhooks);

  const api = createWebhookApi(
    webhooks,
    webhookApiOptions((sha256) => findUser(pool, sha256)),
  );
  app.use('/api/webhooks', toNodeHandler(api));

  app.post('/api/projects', express.json(), async (request, response) => {
    const user = await userOf(pool, request);
    if (user === undefined) return void response.status(401).json({ error: 'Who are you?' });
    const { name, description } = (request.body ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof name !== 'string') return void response.status(422).json({ error: 'A project has a name.' });
    // The project and what is told of it: both are stored, or neither is.
    const project = await inTransaction(pool, async (client) => {
      const inserted = await insertProject(client, user, {
        name,
        description: typeof description === 'string' ? description : undefined,
      });
      await service.triggerEvent({
        eventType: WEBHOOK_EVENTS.PROJECT_CREATED,
        userId: user.id,
        data: { id: inserted.id, name: inserted.name, createdAt: inserted.createdAt },
        transaction: (sql, parameters) => client.query(sql, parameters),
      });
      return inserted;
    });
    response.status(201).json({ data: project });
  });

  // Numbers of all users together: let nobody but your Prometheus get here.
  const registry = new Registry();
  collectMetrics(webhooks, { registry });
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });

  return app;
}

async function userOf(pool: Pool, request: Request): Promise<User | undefined> {
  const [, key] = /^Bearer (\S+)$/.exec(request.get('authorization') ?? '') ?? [];
  return key === undefined ? undefined : findUser(pool, digestOf(key));
}
