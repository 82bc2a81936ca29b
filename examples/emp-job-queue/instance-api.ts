/** The HTTP side of an instance: jobs, monitors, metrics; webhooks answer for themselves. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { WebhookDispatcher } from 'posthorn';
import { type Authorize, createWebhookApi, toNodeHandler } from 'posthorn/http';
import type { Registry } from 'prom-client';
import type { EventBroadcaster } from './event-broadcaster.ts';
import type { EventBus } from './event-bus.ts';
import type { JobQueue } from './job-queue.ts';
import { readJobRequest, RequestError } from './job-request.ts';
import { webhookApiOptions } from './webhook-api.ts';

export interface InstanceParts {
  readonly dispatcher: WebhookDispatcher;
  readonly broadcaster: EventBroadcaster;
  readonly bus: Pick<EventBus, 'isListening'>;
  readonly queue: JobQueue;
  readonly registry: Registry;
  readonly logError: (text: string) => void;
}

/** Events of a job have it, and more: webhooks carry 256 KiB. */
const MAX_BODY_BYTES = 128 * 1024;

/** Whoever can connect, as documented: this listens on loopback. On a network, `bearerKeys([…])` of posthorn/http asks for a key. */
const authorize: Authorize = () => ({ id: 'local', scopes: ['read', 'write', 'secrets'] });

export function createInstanceApi(parts: InstanceParts): RequestListener {
  const answerWebhooks = toNodeHandler(
    createWebhookApi(parts.dispatcher, { ...webhookApiOptions, authorize }),
  );
  return (request, response) => {
    const [pathname = '/'] = (request.url ?? '/').split('?');
    if (pathname === '/api/webhooks' || pathname.startsWith('/api/webhooks/'))
      answerWebhooks(request, response);
    else
      answerOwn(parts, pathname, request, response).catch((error: Error) => {
        if (error instanceof RequestError)
          return answer(response, error.status, { success: false, error: error.message });
        parts.logError(`${request.method} ${pathname}: ${error.message}`);
        answer(response, 500, { success: false, error: 'Something went wrong here.' });
      });
  };
}

async function answerOwn(
  { dispatcher, broadcaster, bus, queue, registry }: InstanceParts,
  pathname: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, jobId] = /^\/api\/jobs\/(\w+)$/.exec(pathname) ?? [];
  const route = `${request.method} ${jobId === undefined ? pathname : '/api/jobs/:id'}`;
  switch (route) {
    case 'POST /api/jobs': {
      const job_id = queue.submit(readJobRequest(await readJson(request)));
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
      return answer(response, 200, {
        ...(await dispatcher.health()),
        eventBus: bus.isListening ? 'listening' : 'reconnecting',
      });
    case 'GET /metrics':
      response.setHeader('content-type', registry.contentType);
      response.end(await registry.metrics());
      return;
    default:
      return answer(response, 404, { success: false, error: `There is no ${route}.` });
  }
}

/** @throws RequestError when it is no JSON, or too much */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES) throw new RequestError(`expected at most ${MAX_BODY_BYTES} bytes`, 413);
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (error) {
    throw new RequestError(`expected JSON: ${(error as Error).message}`);
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
