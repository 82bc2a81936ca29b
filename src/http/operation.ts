/** One call of the API as data: route, scope, schemas, and what it does. The routes and the OpenAPI document are made of it. */
import type { z } from '@hono/zod-openapi';
import type { WebhookDispatcher } from '../dispatcher.ts';
import type { ApiResources, Contract, ResourceKind } from './contract.ts';
import type { Caller, Scope } from './principal.ts';

/** What an operation works with. */
export interface Call<Query, Body> {
  readonly dispatcher: WebhookDispatcher;
  readonly caller: Caller;
  readonly contract: Contract;
  /** The id in the path; empty where there is none. */
  readonly id: string;
  readonly query: Query;
  readonly body: Body;
  readonly headers: Headers;
}

/** What an operation answers with. */
export interface Answer<Kind extends ResourceKind> {
  readonly data: ApiResources[Kind] | readonly ApiResources[Kind][];
  /** Cursor of the next page, of a list that has one. */
  readonly nextCursor?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The schema of a body, or of what `accept` of the application takes instead. */
export interface BodySpec<Schema extends z.ZodType> {
  readonly schema: Schema;
  /** A call without a body is refused. */
  readonly required: boolean;
  /** The contract reads it, so it is only checked to be an object. */
  readonly isContract?: boolean;
  /** Of a merge patch. */
  readonly contentType?: 'application/merge-patch+json';
}

export interface OperationSpec<Kind extends ResourceKind, Query extends z.ZodObject, Body extends z.ZodType> {
  /** Name of the operation in the document, and in log lines. */
  readonly name: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below `{basePath}/webhooks`; `{id}` stands for an id. */
  readonly path: string;
  readonly tag: 'Webhooks' | 'Deliveries' | 'Messages' | 'Insight';
  readonly summary: string;
  readonly description?: string;
  readonly scope: Scope;
  readonly query?: Query;
  readonly body?: BodySpec<Body>;
  /** Request headers that it reads, and what for. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
  /** Kind and schema of the answer, or of the items of its list. */
  readonly kind: Kind;
  readonly schema: z.ZodType<ApiResources[Kind]>;
  readonly isList?: boolean;
  /** Status of success. Default 200. */
  readonly status?: 200 | 201 | 202;
  /** Bounded per tenant, because it costs others. */
  readonly limited?: 'test' | 'replay';
  /** Failures that it can have beside those that all have. */
  readonly failures?: readonly (404 | 409 | 412)[];
  readonly run: (call: Call<z.output<Query>, z.output<Body>>) => Promise<Answer<Kind>>;
}

/** An operation whose types are known only to itself. */
export type Operation = Omit<OperationSpec<ResourceKind, z.ZodObject, z.ZodType>, 'run'> & {
  readonly run: (call: Call<unknown, unknown>) => Promise<Answer<ResourceKind>>;
};

/** Checks that the parts of an operation fit each other. */
export function defineOperation<
  Kind extends ResourceKind,
  Query extends z.ZodObject = z.ZodObject<Record<never, z.ZodType>>,
  Body extends z.ZodType = z.ZodUndefined,
>(spec: OperationSpec<Kind, Query, Body>): Operation {
  return spec as unknown as Operation;
}
