/** What ImgGo serves: `/api/webhooks` and `POST /api/jobs` for customers; `/metrics` for Prometheus, by a server of its own. */
import { createServer, type Server } from 'node:http';
import type { WebhookDispatcher } from 'posthorn';
import { type ApiKey, bearerKeys, toNodeHandler, type WebhookApiOptions } from 'posthorn/http';
import { collectMetrics } from 'posthorn/prometheus';
import { Registry } from 'prom-client';
import * as v from 'valibot';
import type { ImageProcessor } from './image-processor.ts';
import { JobBodySchema } from './jobs.ts';
import { createImgGoApi } from './webhooks.ts';

export interface ServerOptions {
  readonly webhooks: WebhookDispatcher;
  readonly processor: ImageProcessor;
  readonly keys: readonly ApiKey[];
  readonly api?: Partial<WebhookApiOptions>;
}

const MAX_BODY_BYTES = 16 * 1024;

export function createImgGoServer({ webhooks, processor, keys, api }: ServerOptions): Server {
  const authorize = bearerKeys(keys);
  const webhookApi = createImgGoApi(webhooks, authorize, api);

  async function submit(request: Request): Promise<Response> {
    if (request.method !== 'POST') return refuse(405, 'method_not_allowed', 'Only POST can be done here.');
    const who = await authorize(request, {});
    if (!who || who.tenant === undefined) return refuse(401, 'unauthorized', 'Expected a known API key.');
    if (!who.scopes.includes('write')) return refuse(403, 'forbidden', 'This needs the scope write.');
    const text = await readText(request);
    if (text === undefined)
      return refuse(413, 'too_large', `The body is larger than ${MAX_BODY_BYTES} bytes.`);
    const { success, output, issues } = v.safeParse(JobBodySchema, text, { abortEarly: true });
    if (success) return reply(202, { job_id: processor.submit(who.tenant, output) });
    const field = v.getDotPath(issues[0]) ?? undefined;
    if (field === undefined) return refuse(400, 'malformed', issues[0].message);
    return refuse(422, 'invalid_request', `${field}: ${issues[0].message}`, field);
  }

  return createServer(
    toNodeHandler({
      ...webhookApi,
      fetch: (request, context) =>
        new URL(request.url).pathname === '/api/jobs' ? submit(request) : webhookApi.fetch(request, context),
    }),
  );
}

/** The numbers of all customers together: where it listens, let nobody but your Prometheus get to it. */
export function createMetricsServer(webhooks: WebhookDispatcher): Server {
  const registry = new Registry();
  collectMetrics(webhooks, { registry });
  return createServer((_request, response) => {
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      (error: unknown) => {
        console.error(error);
        response.writeHead(500).end();
      },
    );
  });
}

/** `undefined` when it is too large: the rest is not waited for. */
async function readText(request: Request): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** In the shape of the answers of `/api/webhooks`. */
function refuse(status: number, code: string, message: string, field?: string): Response {
  return reply(status, { success: false, error: { code, message, field } });
}

function reply(status: number, body: object): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
}
