/** The OpenAPI document: made of the operations that are served, and of their schemas. */
import { OpenAPIHono, z } from '@hono/zod-openapi';
import { VERSION } from '../resolve-options.ts';
import type { Operation } from './operation.ts';
import { failureSchema } from './schema/shared.ts';

/** An OpenAPI 3.1 document. */
export type OpenApiDocument = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

type Registry = OpenAPIHono['openAPIRegistry'];
type Route = Parameters<Registry['registerPath']>[0];
type Answers = Route['responses'];

const TAGS = [
  { name: 'Webhooks', description: 'Where messages go' },
  { name: 'Deliveries', description: 'What became of messages, webhook by webhook' },
  { name: 'Messages', description: 'Events that were emitted' },
  { name: 'Insight', description: 'Event types, explanations, health' },
];

const FAILURES = {
  400: 'The body is not JSON',
  401: 'Nobody that is known',
  403: 'The scope is missing, or the call comes from another site',
  404: 'Nothing of this tenant has this id',
  409: 'It does not go with what is there',
  412: 'It was changed meanwhile',
  413: 'The body is too large',
  415: 'The body is of another content type',
  422: 'A member of the request is wrong: `error.field` says which',
  429: 'Too many such calls; `Retry-After` says how long to wait',
  503: 'The store does not answer, or has to be repaired',
} as const;

export interface DocumentOptions {
  /** Where all paths begin: `/api/webhooks`. */
  readonly base: string;
  /** Bodies are those of the application, which alone can describe them. */
  readonly hasOwnBodies: boolean;
  /** The same of answers. */
  readonly hasOwnAnswers: boolean;
}

export function createOpenApiDocument(
  operations: readonly Operation[],
  options: DocumentOptions,
): OpenApiDocument {
  const app = new OpenAPIHono();
  const registry = app.openAPIRegistry;
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key, unless the application has another way to know its callers',
  });
  for (const operation of operations) registry.registerPath(toRoute(operation, options));
  const { webhooks: _none, ...document } = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Webhooks',
      version: VERSION,
      description:
        'Management of webhooks. Instants are epoch milliseconds, unless their format says otherwise.',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: '/' }],
    tags: TAGS,
    security: [{ bearer: [] }],
  });
  return document;
}

function toRoute(operation: Operation, options: DocumentOptions): Route {
  const { name, method, path, tag, summary, description, scope, query } = operation;
  const params = path.includes('{id}') ? { params: z.object({ id: z.string() }) } : {};
  const body = toRequestBody(operation, options);
  const headers = toRequestHeaders(operation);
  return {
    operationId: name,
    method,
    path: `${options.base}${path}`,
    tags: [tag],
    summary,
    description: [description, `Needs the scope \`${scope}\`.`]
      .filter((text) => text !== undefined)
      .join(' '),
    request: {
      ...params,
      ...(query === undefined ? {} : { query }),
      ...(headers === undefined ? {} : { headers }),
      ...body,
    },
    responses: { ...toSuccess(operation, options), ...toFailures(operation) },
  };
}

function toRequestHeaders({ requestHeaders }: Operation): z.ZodObject | undefined {
  if (requestHeaders === undefined) return undefined;
  return z.object(
    Object.fromEntries(
      Object.entries(requestHeaders).map(([name, text]) => [name, z.string().optional().describe(text)]),
    ),
  );
}

function toRequestBody(
  { body }: Operation,
  { hasOwnBodies }: DocumentOptions,
): Pick<NonNullable<Route['request']>, 'body'> {
  if (body === undefined) return {};
  const schema = hasOwnBodies && body.isContract === true ? z.record(z.string(), z.unknown()) : body.schema;
  const types = ['application/json', ...(body.contentType === undefined ? [] : [body.contentType])];
  return {
    body: { required: body.required, content: Object.fromEntries(types.map((type) => [type, { schema }])) },
  };
}

function toSuccess(
  { schema, isList, status = 200, summary }: Operation,
  { hasOwnAnswers }: DocumentOptions,
): Answers {
  const item = hasOwnAnswers ? z.unknown() : schema;
  const answer = z.object({
    success: z.literal(true),
    data: isList === true ? z.array(item) : item,
    timestamp: z.iso.datetime(),
    ...(isList === true
      ? { next_cursor: z.string().optional().describe('Of the next page; absent on the last') }
      : {}),
  });
  return { [status]: { description: summary, content: { 'application/json': { schema: answer } } } };
}

function toFailures({ body, query, limited, failures = [] }: Operation): Answers {
  const statuses = [
    ...(body === undefined ? [] : ([400, 413, 415, 422] as const)),
    ...(query === undefined ? [] : ([422] as const)),
    ...(limited === undefined ? [] : ([429] as const)),
    ...([401, 403, 503] as const),
    ...failures,
  ].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: FAILURES[status], content: { 'application/json': { schema: failureSchema } } },
    ]),
  );
}
