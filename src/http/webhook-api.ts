/** The management API: the routes of its operations, as one web-standard handler. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { WebhookDispatcher } from '../dispatcher.ts';
import { ApiError } from './api-error.ts';
import { resolveApiOptions, type WebhookApiOptions } from './api-options.ts';
import { type ApiEnv, ApiServer } from './api-server.ts';
import { createOpenApiDocument, type OpenApiDocument } from './openapi-document.ts';
import { OPERATIONS } from './operations.ts';

/** A management API, to be mounted in a server. */
export interface WebhookApi {
  /**
   * Answers a request. Bound, so it can be handed on by itself: `export const GET = api.fetch`. Rejects for nothing that a
   * request can do.
   *
   * @param context handed to `authorize`
   */
  readonly fetch: (request: Request, context?: unknown) => Promise<Response>;
  /** Its OpenAPI 3.1 document, also served at `{basePath}/webhooks/openapi.json`. */
  readonly openApi: OpenApiDocument;
}

/**
 * A management API for the webhooks of a dispatcher, as a web-standard handler: `createWebhookApi(dispatcher, { authorize })`.
 *
 * @throws OptionsError without `authorize`, and for wrong options
 */
export function createWebhookApi(dispatcher: WebhookDispatcher, options: WebhookApiOptions): WebhookApi {
  const resolved = resolveApiOptions(dispatcher, options);
  const base = `${resolved.basePath}/webhooks`;
  const openApi = createOpenApiDocument(OPERATIONS, {
    base,
    hasOwnBodies: resolved.accept !== undefined,
    hasOwnAnswers: resolved.present !== undefined,
  });
  const server = new ApiServer(dispatcher, resolved);
  const app = new OpenAPIHono<ApiEnv>({ strict: false });
  app.onError((error, c) => server.fail(error, c));
  const nothing = `There is nothing at this path. The calls of the API are below ${base}.`;
  app.notFound((c) => server.fail(new ApiError('not_found', nothing), c));
  app.use('*', async (c: Context<ApiEnv>, next) => {
    await server.admit(c);
    await next();
  });
  app.get(`${base}/openapi.json`, (c) => server.serveDocument(c, openApi));
  for (const path of new Set(OPERATIONS.map((operation) => operation.path))) mount(app, base, path, server);
  return { fetch: async (request, context) => app.fetch(request, { context }), openApi };
}

/** All that can be done at one path; everything else there is refused. */
function mount(app: OpenAPIHono<ApiEnv>, base: string, path: string, server: ApiServer): void {
  const pattern = base + path.replace('{id}', ':id');
  const operations = OPERATIONS.filter((operation) => operation.path === path);
  for (const operation of operations)
    app.on(operation.method.toUpperCase(), pattern, (c) => server.serve(operation, c));
  const allow = operations.map(({ method }) => method.toUpperCase()).join(', ');
  app.all(pattern, () => {
    throw new ApiError('method_not_allowed', `Only ${allow} can be done here.`, { headers: { allow } });
  });
}
