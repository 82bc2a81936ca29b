/** The HTTP side of an instance: jobs, monitors, metrics; webhooks answer for themselves. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import type { WebhookDispatcher } from 'posthorn';
import { type Authorize, createWebhookApi, toNodeHandler } from 'posthorn/http';
import type { Registry } from 'prom-client';
import type { EventBroadcaster } from './event-broadcaster.ts';
import type { JobQueue, JobRequest } from './job-queue.ts';
import { webhookApiOptions } from './webhook-api.ts';

export interface InstanceParts {
  readonly dispatcher: WebhookDispatcher;
  readonly broadcaster: EventBroadcaster;
  readonly queue: JobQueue;
  readonly registry: Registry;
}

/** Whoever can connect, as documented: this listens on loopback. On a network, `bearerKeys([…])` of posthorn/http asks for a key. */
const authorize: Authorize = () => ({ id: 'local', scopes: ['read', 'write', 'secrets'] });

export function createInstanceApi(parts: InstanceParts): RequestListener {
  const answerWebhooks = toNodeHandler(
    createWebhookApi(parts.dispatcher, { ...webhookApiOptions, authorize }),
  );
  return (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/api/webhooks' || pathname.startsWith('/api/webhooks/'))
      answerWebhooks(request, response);
    else
      answerOwn(parts, pathname, request, response).catch((error: Error) =>
        answer(response, 400, { success: false, error: error.message }),
      );
  };
}

async function answerOwn(
  { dispatcher, broadcaster, queue, registry }: InstanceParts,
  pathname: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, jobId] = /^\/api\/jobs\/(\w+)$/.exec(pathname) ?? [];
  const route = `${request.method} ${jobId === undefined ? pathname : '/api/jobs/:id'}`;
  switch (route) {
    case 'POST /api/jobs': {
      const job_id = queue.submit((await json(request)) as JobRequest);
      return answer(response, 201, { success: true, data: { job_id } });
    }
    case 'DELETE /api/jobs/:id': {
      const isCancelled = queue.cancel(jobId!);
      return answer(response, isCancelled ? 200 : 404, { success: isCancelled });
    }
    case 'GET /api/monitor':
      return watch(response, (listener) => broadcaster.addMonitor(listener));
    case 'GET /api/events':
      return watch(response, (listener) => broadcaster.addClient(listener));
    case 'GET /health':
      return answer(response, 200, await dispatcher.health());
    case 'GET /metrics':
      response.setHeader('content-type', registry.contentType);
      response.end(await registry.metrics());
      return;
    default:
      return answer(response, 404, { success: false, error: `There is no ${route}.` });
  }
}

/** An event a line, for as long as the other side listens. */
function watch(response: ServerResponse, add: (listener: (event: object) => void) => () => void): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
  response.once(
    'close',
    add((event) => response.write(`${JSON.stringify(event)}\n`)),
  );
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
