/** What ImgGo serves: `/api/webhooks` and `POST /api/jobs` for customers, `/metrics` for Prometheus. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { WebhookDispatcher } from 'posthorn';
import { type ApiKey, bearerKeys, toNodeHandler, type WebhookApiOptions } from 'posthorn/http';
import type { Registry } from 'prom-client';
import type { ImageProcessor } from './image-processor.ts';
import type { JobInput } from './jobs.ts';
import { createImgGoApi } from './webhooks.ts';

export interface ServerOptions {
  readonly webhooks: WebhookDispatcher;
  readonly processor: ImageProcessor;
  readonly registry: Registry;
  readonly keys: readonly ApiKey[];
  readonly api?: Partial<WebhookApiOptions>;
}

export function createImgGoServer({ webhooks, processor, registry, keys, api }: ServerOptions): Server {
  const authorize = bearerKeys(keys);
  const handleWebhooks = toNodeHandler(createImgGoApi(webhooks, authorize, api));

  async function submit(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { authorization = '' } = request.headers;
    const who = await authorize(new Request('http://imggo/', { headers: { authorization } }), {});
    if (!who || who.tenant === undefined) return reply(response, 401, { error: 'Unauthorized' });
    const input = readInput(await readText(request));
    if (typeof input === 'string') return reply(response, 400, { error: input });
    return reply(response, 202, { job_id: processor.submit(who.tenant, input) });
  }

  return createServer((request, response) => {
    if (request.method === 'POST' && request.url === '/api/jobs')
      void submit(request, response).catch(() => reply(response, 400, { error: 'Bad request' }));
    else if (request.url === '/metrics')
      void registry.metrics().then((text) => {
        response.writeHead(200, { 'content-type': registry.contentType }).end(text);
      });
    else handleWebhooks(request, response);
  });
}

const MAX_BODY_LENGTH = 64 * 1_024;

async function readText(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) if (text.length <= MAX_BODY_LENGTH) text += chunk;
  return text;
}

/** What somebody handed in, or what is wrong with it. */
function readInput(text: string): JobInput | string {
  if (text.length > MAX_BODY_LENGTH) return `body: expected at most ${MAX_BODY_LENGTH} characters`;
  const { pattern_id, image_url } = (JSON.parse(text) ?? {}) as Record<string, unknown>;
  if (typeof pattern_id !== 'string' || pattern_id === '') return 'pattern_id: expected a text';
  if (typeof image_url !== 'string' || !URL.canParse(image_url)) return 'image_url: expected a URL';
  return { pattern_id, image_url };
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
