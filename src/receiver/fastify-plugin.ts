import { OptionsError } from '../errors.ts';
import { describeType } from '../core/describe-value.ts';
import type { WebhookHandlerOptions } from './handler-options.ts';
import { type NodeStream, readNodeBody } from './node-body.ts';
import { createResponder } from './responder.ts';

/** A request of Fastify, as far as it is used. */
export interface FastifyRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: unknown;
  readonly raw: NodeStream & { readonly complete: boolean };
}

/** A reply of Fastify, as far as it is used. */
export interface FastifyReply {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(text: string): unknown;
}

/** A Fastify instance, as far as it is used. */
export interface FastifyScope {
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    contentType: string,
    parser: (request: unknown, payload: unknown, done: (error: Error | null, body?: unknown) => void) => void,
  ): unknown;
  post(path: string, handler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>): unknown;
}

/** Options of `createFastifyPlugin`. */
export interface FastifyPluginOptions<
  Events extends object = Record<string, unknown>,
> extends WebhookHandlerOptions<Events> {
  /** Path of the route: `/hooks`. */
  readonly path: string;
}

/**
 * A plugin for Fastify with one route, `app.register(createFastifyPlugin({ path: '/hooks', … }))`. It has parsers of its own, which
 * leave the body as it came; those of the rest of the application stay as they are.
 *
 * @throws OptionsError for wrong options
 */
export function createFastifyPlugin<Events extends object = Record<string, unknown>>(
  options: FastifyPluginOptions<Events>,
): (scope: FastifyScope) => Promise<void> {
  const { path, ...rest } = options;
  if (typeof path !== 'string' || !path.startsWith('/'))
    throw new OptionsError(
      'path',
      `path: expected the path of a route, such as "/hooks", got ${describeType(path)}.`,
    );
  const respond = createResponder(rest);
  return async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.post(path, async (request, reply) => {
      const { status, headers, text } = await respond({
        method: request.method,
        headers: request.headers,
        // Without a body Fastify asks no parser.
        readBody: (maxBytes) =>
          readNodeBody((request.body ?? request.raw) as NodeStream, undefined, maxBytes),
      });
      reply.code(status);
      reply.headers(request.raw.complete ? { ...headers } : { ...headers, connection: 'close' });
      return reply.send(text);
    });
  };
}
