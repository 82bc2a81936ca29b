/** Calls of the client: where they go, what goes along, what an answer that is no success becomes. */
import ky, { HTTPError, TimeoutError } from 'ky';
import { z } from 'zod';
import { describeType } from '../core/describe-value.ts';
import { unexpected } from '../core/expect-value.ts';
import { expecting, parseInput } from '../core/parse-input.ts';
import { describeError, WebhookApiError } from '../errors.ts';

/** Options of `createWebhookClient`. */
export interface WebhookClientOptions {
  /** Where the API is, its base path included: `'https://example.com/api'`. */
  baseUrl: string | URL;
  /** Sent as `Authorization: Bearer`. Default: none; use `headers` for another way to be known. */
  apiKey?: string | undefined;
  /** Sent with every request. Default: none. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Time for one call, its retries included. At least 1. Default 30000. */
  timeoutMs?: number | undefined;
  /**
   * How requests are sent. Default: the global `fetch`. `(request) => api.fetch(request)` calls an API in the same process. A TypeError says that nothing
   * answered; any other error reaches the caller as it is.
   */
  fetch?: ((request: Request) => Promise<Response>) | undefined;
}

const DEFAULT_TIMEOUT_MS = 30_000;

const schema = z.strictObject({
  baseUrl: expecting(z.union([z.url({ protocol: /^https?$/ }), z.instanceof(URL)]), 'an http: or https: URL'),
  apiKey: z
    .custom<string>(isHeaderText, {
      error: 'a text that a header carries: one line of ASCII, no spaces around it',
    })
    .optional(),
  headers: z.record(z.string(), z.string()).optional(),
  timeoutMs: z.number().min(1).optional(),
  fetch: z
    .custom<WebhookClientOptions['fetch']>((value) => typeof value === 'function', { error: 'a function' })
    .optional(),
});

/** What headers carry unchanged. */
const HEADER_TEXT = /^[!-~](?:[ -~]*[!-~])?$/;

function isHeaderText(value: unknown): value is string {
  return typeof value === 'string' && HEADER_TEXT.test(value);
}

/** @throws OptionsError for what a header cannot carry, or would change */
export function expectHeaderText(value: unknown, path: string): string {
  if (isHeaderText(value)) return value;
  throw unexpected(path, 'a text that a header carries: one line of ASCII, no spaces around it', value);
}

/** A list is sent separated by commas, as it is printed. */
type QueryValue = string | number | readonly string[];

/** What a call carries. */
export interface Sent {
  readonly query?: object | undefined;
  readonly body?: object | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a successful answer holds. */
export interface Envelope {
  readonly data: unknown;
  readonly next_cursor?: string;
}

/** @throws OptionsError for wrong options, whose values it does not show: keys and passwords are among them */
export function createCaller(
  options: WebhookClientOptions,
): (method: string, path: string, sent?: Sent, isData?: (data: unknown) => boolean) => Promise<Envelope> {
  const {
    baseUrl,
    apiKey,
    headers,
    timeoutMs = DEFAULT_TIMEOUT_MS,
    fetch,
  } = parseInput(schema, options, '', describeType);
  const base = `${String(baseUrl).replace(/\/+$/, '')}/webhooks`;
  const { origin, pathname } = new URL(base);
  const shown = `${origin}${pathname}`;
  const client = ky.create({
    headers: { ...headers, ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) },
    timeout: timeoutMs,
    retry: { limit: 2, methods: ['get'] },
    redirect: 'error',
    ...(fetch === undefined ? {} : { fetch: (input, init) => fetch(new Request(input, init)) }),
  });
  return async (method, path, sent = {}, isData = isObject) => {
    const described = `${method.toUpperCase()} ${shown}${path}`;
    const body = sent.body === undefined ? undefined : JSON.stringify(sent.body);
    try {
      const answer = await client(`${base}${path}`, {
        method,
        searchParams: toSearchParams(sent.query ?? {}),
        headers: { ...sent.headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body }),
      });
      const envelope = (await answer.json().catch(() => undefined)) as Partial<Envelope> | null | undefined;
      if (isData(envelope?.data)) return envelope as Envelope;
      throw answeredWith(described, answer.status);
    } catch (error) {
      if (error instanceof WebhookApiError) throw error;
      if (error instanceof HTTPError) throw await toApiError(error.response, described);
      // What a `fetch` of the caller rejects with may be meant for the caller; that nothing answers is a TypeError, in every runtime.
      if (!(error instanceof TypeError || error instanceof TimeoutError)) throw error;
      throw notAnswered(described, error, timeoutMs);
    }
  };
}

function isObject(data: unknown): boolean {
  return typeof data === 'object' && data !== null;
}

/** What the API says of a call that it refuses. */
interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly field?: string;
}

async function toApiError(response: Response, call: string): Promise<WebhookApiError> {
  const answer = (await response.json().catch(() => undefined)) as { readonly error?: Refusal } | undefined;
  return answeredWith(call, response.status, answer?.error);
}

function answeredWith(call: string, status: number, refusal?: Refusal): WebhookApiError {
  const message = `${call} was answered with ${status}: ${refusal?.message ?? 'not by the webhook API'}`;
  return new WebhookApiError(message, { status, reason: refusal?.code, field: refusal?.field });
}

/** `fetch` says why in the cause of its error. */
function notAnswered(call: string, error: unknown, timeoutMs: number): WebhookApiError {
  const { cause } = error as { readonly cause?: unknown };
  const why =
    error instanceof TimeoutError
      ? `within ${timeoutMs} ms (timeoutMs)`
      : `(${describeError(cause instanceof Error ? cause : error)})`;
  return new WebhookApiError(
    `${call} was not answered ${why}. Is the application running, and is baseUrl right?`,
    { cause: error },
  );
}

function toSearchParams(query: object): URLSearchParams {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query) as [string, QueryValue | undefined][])
    if (value !== undefined) params.set(name, String(value));
  return params;
}
