/** What happens to every request: who may pass, what is read of it, the envelope of the answer, what is logged. */
import type { Context } from 'hono';
import { describeError, isPosthornError } from '../errors.ts';
import { isId } from '../core/id.ts';
import type { WebhookDispatcher } from '../dispatcher.ts';
import { API_ERROR_STATUS, ApiError, notFound, toApiError } from './api-error.ts';
import type { ResolvedApiOptions } from './api-options.ts';
import { CallLimiter } from './call-limiter.ts';
import { Contract } from './contract.ts';
import type { Operation } from './operation.ts';
import { type Caller, readPrincipal, type Scope } from './principal.ts';
import { readBody } from './read-body.ts';
import { readInput, readQuery } from './read-input.ts';
import { refuseOrigin } from './request-origin.ts';

/** What Hono carries along with a request. */
export interface ApiEnv {
  Bindings: { readonly context: unknown };
  Variables: { caller: Caller };
}

/** Of every answer: what it says is for its caller alone, and JSON whatever a browser thinks. */
const HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const;

export class ApiServer {
  readonly #dispatcher: WebhookDispatcher;
  readonly #options: ResolvedApiOptions;
  readonly #contract: Contract;
  readonly #limiters: Readonly<Record<'test' | 'replay', CallLimiter | undefined>>;

  constructor(dispatcher: WebhookDispatcher, options: ResolvedApiOptions) {
    const { rateLimits, clock } = options;
    this.#dispatcher = dispatcher;
    this.#options = options;
    this.#contract = new Contract(options);
    this.#limiters = {
      test: rateLimits.test === false ? undefined : new CallLimiter(rateLimits.test, clock),
      replay: rateLimits.replay === false ? undefined : new CallLimiter(rateLimits.replay, clock),
    };
  }

  /** Lets a request pass whose caller is known. @throws ApiError, or what `authorize` throws */
  async admit(c: Context<ApiEnv>): Promise<void> {
    const { authorize, allowedOrigins } = this.#options;
    const refusal = refuseOrigin(c.req.raw, allowedOrigins);
    if (refusal !== undefined)
      throw new ApiError(
        'cross_origin',
        `The call is refused: ${refusal}. The option allowedOrigins names others that may.`,
      );
    const caller = readPrincipal(await authorize(c.req.raw, c.env.context));
    if (caller === undefined)
      throw new ApiError(
        'unauthenticated',
        'Nobody that is known here. Send an API key: Authorization: Bearer KEY.',
        {
          headers: { 'www-authenticate': 'Bearer' },
        },
      );
    c.set('caller', caller);
  }

  serveDocument(c: Context<ApiEnv>, document: object): Response {
    requireScope(c.get('caller'), 'read');
    return new Response(JSON.stringify(document), { headers: HEADERS });
  }

  async serve(operation: Operation, c: Context<ApiEnv>): Promise<Response> {
    const caller = c.get('caller');
    requireScope(caller, operation.scope);
    if (operation.limited !== undefined) this.#limiters[operation.limited]?.take(caller.tenant);
    const { query, body, kind, isList, status = 200 } = operation;
    const answer = await operation.run({
      dispatcher: this.#dispatcher,
      caller,
      contract: this.#contract,
      id: readId(c, operation),
      query: query === undefined ? {} : readQuery(query, c.req.url),
      body: body === undefined ? undefined : await this.#readBody(c.req.raw, body),
      headers: c.req.raw.headers,
    });
    this.#log(operation, caller, status);
    const show = (resource: unknown): unknown => this.#contract.show(kind, resource as never);
    return this.#respond(
      status,
      {
        success: true,
        data: isList === true ? (answer.data as readonly unknown[]).map(show) : show(answer.data),
        timestamp: this.#timestamp(),
        next_cursor: answer.nextCursor,
      },
      answer.headers,
    );
  }

  /** The answer to what was thrown. Its cause is for the log alone. */
  fail(thrown: unknown, c: Context<ApiEnv>): Response {
    const error = toApiError(thrown);
    const { code, message, field, headers } = error;
    const status = API_ERROR_STATUS[code];
    if (status >= 500) {
      const cause = error.cause ?? error;
      this.#options.logger?.error(
        {
          method: c.req.method,
          code,
          ...(isPosthornError(cause) && { reason: cause.code }),
          cause: describeError(cause),
        },
        'a call of the webhook API failed',
      );
    }
    return this.#respond(
      status,
      { success: false, error: { code, message, field }, timestamp: this.#timestamp() },
      headers,
    );
  }

  async #readBody(
    request: Request,
    { schema, required, isContract }: NonNullable<Operation['body']>,
  ): Promise<unknown> {
    const body = await readBody(request, this.#options.maxBodyBytes);
    if (body === undefined && required)
      throw new ApiError('malformed', 'Expected a JSON object, got no body.');
    return isContract === true ? body : readInput(schema, body ?? {});
  }

  #respond(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response {
    return new Response(JSON.stringify(body), { status, headers: { ...HEADERS, ...headers } });
  }

  /** Who changed what. */
  #log({ name, scope }: Operation, caller: Caller, status: number): void {
    if (scope === 'read') return;
    const { id, tenant } = caller;
    this.#options.logger?.info({ operation: name, caller: id, tenant, status }, 'webhook API');
  }

  #timestamp(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}

function requireScope({ scopes }: Caller, scope: Scope): void {
  if (!scopes.has(scope)) throw new ApiError('forbidden', `This needs the scope ${scope}.`);
}

/** What cannot be an id is nobody's. */
function readId(c: Context<ApiEnv>, { path, tag }: Operation): string {
  if (!path.includes('{id}')) return '';
  const id = c.req.param('id');
  if (isId(id)) return id;
  throw notFound(tag === 'Deliveries' ? 'delivery' : tag === 'Messages' ? 'message' : 'webhook');
}
