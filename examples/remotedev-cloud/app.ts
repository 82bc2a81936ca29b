/** The HTTP side of the service: its own routes, those of the webhooks, and what Prometheus reads. */
import express, { type ErrorRequestHandler, type Express, type Request } from 'express';
import type { Pool } from 'pg';
import type { WebhookDispatcher } from 'posthorn';
import { createWebhookApi, toNodeHandler } from 'posthorn/http';
import { collectMetrics } from 'posthorn/prometheus';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { digestOf, findUser, inTransaction, insertProject, type User } from './database.ts';
import { type Events, WEBHOOK_EVENTS } from './events.ts';
import { createWebhookService, webhookApiOptions } from './webhooks.ts';

/** PostgreSQL takes any text but one with a NUL. */
const text = z.string().regex(/^[^\0]*$/, 'expected a text without NUL');
const newProject = z.object({
  name: text.min(1).max(200),
  description: text.max(10_000).nullish(),
});

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

  app.post('/api/projects', async (request, response, next) => {
    response.locals['user'] = await userOf(pool, request);
    if (response.locals['user'] !== undefined) next();
    else response.status(401).json({ error: 'Who are you?' });
  });
  app.post('/api/projects', express.json(), async (request, response) => {
    const user = response.locals['user'] as User;
    const project = newProject.parse(request.body ?? {});
    // The project and what is told of it: both are stored, or neither is.
    const data = await inTransaction(pool, async (client) => {
      const inserted = await insertProject(client, user, project);
      await service.triggerEvent({
        eventType: WEBHOOK_EVENTS.PROJECT_CREATED,
        userId: user.id,
        data: { id: inserted.id, name: inserted.name, createdAt: inserted.createdAt },
        transaction: (sql, parameters) => client.query(sql, parameters),
      });
      return inserted;
    });
    response.status(201).json({ data });
  });

  // Numbers of all users together: let nobody but your Prometheus get here.
  const registry = new Registry();
  collectMetrics(webhooks, { registry });
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });

  app.use(answerError);
  return app;
}

/** What is wrong with a request is told, what is wrong here is logged. */
const answerError: ErrorRequestHandler = (
  error: Error & { readonly status?: number },
  _request,
  response,
  next,
) => {
  if (response.headersSent) return next(error);
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    return response.status(422).json({ error: `${issue!.path.join('.') || 'body'}: ${issue!.message}` });
  }
  const { status = 500 } = error;
  if (status >= 500) console.error(`request: ${error.message}`);
  response.status(status).json({ error: status < 500 ? error.message : 'Something went wrong here.' });
};

async function userOf(pool: Pool, request: Request): Promise<User | undefined> {
  const [, key] = /^Bearer (\S+)$/.exec(request.get('authorization') ?? '') ?? [];
  return key === undefined ? undefined : findUser(pool, digestOf(key));
}
