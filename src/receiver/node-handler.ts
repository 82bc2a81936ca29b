/** The handler for node:http, and for Express, whose requests and responses are those of node:http. */
import type { WebhookHandlerOptions } from './handler-options.ts';
import { type NodeStream, readNodeBody } from './node-body.ts';
import { createResponder } from './responder.ts';

/** A request of node:http or Express. */
export interface NodeRequest extends NodeStream {
  readonly method?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Whether all of it has arrived. */
  readonly complete: boolean;
}

/** A response of node:http or Express. */
export interface NodeResponse {
  /** Somebody else has answered. */
  readonly headersSent?: boolean;
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(text: string): unknown;
}

/** Answers a request of node:http or Express. Never rejects. */
export type NodeWebhookHandler = (request: NodeRequest, response: NodeResponse) => Promise<void>;

/**
 * A handler for `createServer` of node:http, and for a route of Express: `app.post('/hooks', createNodeHandler({ … }))`. It reads
 * the raw body itself, so it belongs before `express.json()`; bytes or text that a parser has left in `request.body` or
 * `request.rawBody` do as well.
 *
 * @throws OptionsError for wrong options
 */
export function createNodeHandler<Events extends object = Record<string, unknown>>(
  options: WebhookHandlerOptions<Events>,
): NodeWebhookHandler {
  const respond = createResponder(options);
  return async (request, response) => {
    const { rawBody, body } = request as { rawBody?: unknown; body?: unknown };
    const { status, headers, text } = await respond({
      method: request.method,
      headers: request.headers,
      readBody: (maxBytes) => readNodeBody(request, rawBody ?? body, maxBytes),
    });
    // Such as a middleware that waits only so long. The work is done all the same.
    if (response.headersSent === true) return;
    // What has not been read is not read any more: the connection cannot be used again.
    response.writeHead(status, request.complete ? { ...headers } : { ...headers, connection: 'close' });
    response.end(text);
  };
}
