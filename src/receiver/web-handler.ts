/** Handlers for runtimes and frameworks with web-standard requests. */
import { OptionsError } from '../errors.ts';
import type { RawBody } from './body-bytes.ts';
import { createBodyCollector } from './body-collector.ts';
import type { WebhookHandlerOptions } from './handler-options.ts';
import { CUT, type Refusal } from './refusal.ts';
import { createResponder } from './responder.ts';

/** Answers a web-standard request. Never rejects. */
export type WebWebhookHandler = (request: Request) => Promise<Response>;

/**
 * A handler for web-standard requests: `export const POST = createWebHandler({ … })` in a route of the App Router of Next.js,
 * `Deno.serve(createWebHandler({ … }))`, `Bun.serve({ fetch: createWebHandler({ … }), … })`, `fetch` of an edge runtime. For
 * `respondFirst` give the function with which the runtime waits for work, such as `after` of Next.js or `waitUntil`.
 *
 * @throws OptionsError for wrong options
 */
export function createWebHandler<Events extends object = Record<string, unknown>>(
  options: WebhookHandlerOptions<Events>,
): WebWebhookHandler {
  const respond = createResponder(options);
  return async (request) => {
    const { status, headers, text } = await respond({
      method: request.method,
      headers: request.headers,
      readBody: (maxBytes) => readWebBody(request, maxBytes),
    });
    // A status without content takes no body, not even an empty one.
    return new Response(text === '' ? null : text, { status, headers: { ...headers } });
  };
}

/** A context of Hono, as far as it is used. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
}

/**
 * A handler for a route of Hono: `app.post('/hooks', createHonoHandler({ … }))`. No middleware before it may read the body.
 *
 * @throws OptionsError for wrong options
 */
export function createHonoHandler<Events extends object = Record<string, unknown>>(
  options: WebhookHandlerOptions<Events>,
): (context: HonoContext) => Promise<Response> {
  const handle = createWebHandler(options);
  return (context) => handle(context.req.raw);
}

async function readWebBody(request: Request, maxBytes: number): Promise<RawBody | Refusal> {
  if (request.bodyUsed)
    throw new OptionsError(
      '',
      'The body was read before it could be verified: put this handler before whatever parses it.',
    );
  const collector = createBodyCollector(maxBytes);
  const reader = request.body?.getReader();
  if (reader === undefined) return collector.body();
  try {
    for (;;) {
      const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
      if (done) return collector.body();
      const refusal = collector.add(value!);
      // Not cancelled: some runtimes end the connection then, and the answer with it.
      if (refusal !== undefined) return refusal;
    }
  } catch {
    return CUT;
  } finally {
    reader.releaseLock();
  }
}
