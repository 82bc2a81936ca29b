/** A dispatcher, a receiver and the management API of that dispatcher; every answer is compared with its schema. */
import { z } from 'zod';
import type { WebhookApiOptions } from '../../src/http/api-options.ts';
import { bearerKeys } from '../../src/http/bearer-keys.ts';
import { createWebhookApi, type WebhookApi } from '../../src/http/webhook-api.ts';
import { OPERATIONS } from '../../src/http/operations.ts';
import type { Operation } from '../../src/http/operation.ts';
import { failureSchema } from '../../src/http/schema/shared.ts';
import { createHarness, type Harness, type HarnessOptions } from '../../src/testing/harness.ts';

export const HOST = 'http://api.test';
/** Callers of three tenants, and some of the first who may do less. */
export const KEYS = {
  alice: 'key-of-alice-0123456789',
  bob: 'key-of-bob-0123456789ab',
  reader: 'key-of-reader-012345678',
  writer: 'key-of-writer-012345678',
  rotator: 'key-of-rotator-01234567',
} as const;

export const authorize = bearerKeys([
  { key: KEYS.alice, id: 'alice', tenant: 'tenant-a', scopes: ['read', 'write', 'secrets'] },
  { key: KEYS.bob, id: 'bob', tenant: 'tenant-b', scopes: ['read', 'write', 'secrets'] },
  { key: KEYS.reader, id: 'reader', tenant: 'tenant-a', scopes: ['read'] },
  { key: KEYS.writer, id: 'writer', tenant: 'tenant-a', scopes: ['write'] },
  { key: KEYS.rotator, id: 'rotator', tenant: 'tenant-a', scopes: ['secrets'] },
]);

export interface CallOptions {
  /** Whose key goes along. Default alice. `null`: none. */
  readonly as?: keyof typeof KEYS | null;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly rawBody?: string | Uint8Array | ReadableStream;
  readonly headers?: Record<string, string>;
}

/** Asserted by tests, member by member. */
export interface Data {
  readonly id: string;
  readonly secret: string;
  readonly revision: number;
  readonly deliveries: readonly { readonly id: string }[];
  readonly [member: string]: unknown;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly success: boolean;
  readonly data: Data;
  /** The data of a list. */
  readonly items: readonly Data[];
  readonly error: { readonly code: string; readonly message: string; readonly field?: string };
  readonly next_cursor?: string;
  readonly timestamp: string;
}

export interface ApiWorld extends AsyncDisposable {
  readonly harness: Harness;
  readonly api: WebhookApi;
  /** Every line that was logged, as JSON. */
  readonly log: readonly string[];
  /** Calls `METHOD /path`, below `/api/webhooks`. */
  call(route: string, options?: CallOptions): Promise<Answered>;
}

export async function createApiWorld(
  options: Partial<WebhookApiOptions> & Pick<HarnessOptions, 'dispatcher' | 'startAt'> = {},
): Promise<ApiWorld> {
  const { dispatcher, startAt, ...apiOptions } = options;
  const log: string[] = [];
  const write = (fields: object, message: string): void =>
    void log.push(JSON.stringify({ message, ...fields }));
  const logger = { debug: write, info: write, warn: write, error: write };
  const harness = await createHarness({
    ...(startAt === undefined ? {} : { startAt }),
    dispatcher: { logger, ...dispatcher },
  });
  const api = createWebhookApi(harness.dispatcher, {
    authorize,
    logger,
    clock: harness.clock,
    ...apiOptions,
  });
  const hasOwnShape = apiOptions.present !== undefined;
  return {
    harness,
    api,
    log,
    call: async (route, call = {}) => {
      const request = toRequest(route, call);
      const answered = await readAnswer(await api.fetch(request));
      checkShape(request, answered, hasOwnShape);
      return answered;
    },
    [Symbol.asyncDispose]: () => harness.close(),
  };
}

export function toRequest(
  route: string,
  { as = 'alice', body, rawBody, headers = {} }: CallOptions = {},
): Request {
  const [method = '', path = ''] = route.split(' ');
  const sent = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
  return new Request(`${HOST}/api/webhooks${path}`, {
    method,
    headers: {
      ...(as === null ? {} : { authorization: `Bearer ${KEYS[as]}` }),
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(sent === undefined ? {} : { body: sent as string, duplex: 'half' }),
  });
}

export async function readAnswer(response: Response): Promise<Answered> {
  const text = await response.text();
  const parsed = (text === '' ? {} : JSON.parse(text)) as { readonly data?: unknown };
  const items = Array.isArray(parsed.data) ? (parsed.data as Data[]) : [];
  return {
    status: response.status,
    headers: response.headers,
    text,
    items,
    ...parsed,
  } as unknown as Answered;
}

/** The operation that a request is for. */
export function operationOf(request: Request): Operation | undefined {
  const path = new URL(request.url).pathname.replace(/^\/api\/webhooks/, '');
  return OPERATIONS.find((operation) => {
    const pattern = new RegExp(`^${operation.path.replace('{id}', '[^/]+')}$`);
    return pattern.test(path) && operation.method.toUpperCase() === request.method;
  });
}

function checkShape(request: Request, answered: Answered, hasOwnShape: boolean): void {
  const { status, headers, text } = answered;
  if (headers.get('content-type') !== 'application/json; charset=utf-8') throw new Error(`no JSON: ${text}`);
  if (request.method === 'HEAD' || new URL(request.url).pathname.endsWith('/openapi.json')) return;
  if (status >= 400) return void failureSchema.parse(JSON.parse(text));
  const operation = operationOf(request);
  if (operation === undefined || hasOwnShape) return;
  const { schema, isList, status: expected = 200 } = operation;
  if (status !== expected) throw new Error(`expected the status ${expected}, got ${status}`);
  z.strictObject({
    success: z.literal(true),
    data: isList === true ? z.array(schema) : schema,
    timestamp: z.iso.datetime(),
    next_cursor: z.string().optional(),
  }).parse(JSON.parse(text));
}
