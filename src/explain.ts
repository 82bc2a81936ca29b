/** `dispatcher.explain`: who would get a message, and why the others would not. */
import { z } from 'zod';
import type { FilterClause } from './core/explain-filter.ts';
import type { DisabledReason } from './core/endpoint.ts';
import { type EndpointStanding, explainMatch, type MatchVerdict } from './core/explain-match.ts';
import type { FunctionRegistry } from './core/functions.ts';
import type { JsonObject, JsonValue } from './core/json.ts';
import type { Engine } from './engine/engine.ts';
import { unservedReason } from './engine/endpoint-runtime.ts';
import { ownEntry } from './engine/request-plan.ts';
import { NotFoundError } from './errors.ts';
import {
  DEFAULT_PAGE_LIMIT,
  pageShape,
  type PageRequest,
  parseListRequest,
  soughtName,
} from './page-request.ts';
import type { NewMessage, Page, StoredEndpoint } from './store/store.ts';

/** Options of `explain`. */
export interface ExplainOptions extends PageRequest {
  /** Whose message it would be. Default `'default'`. */
  tenant?: string | undefined;
  /** Metadata of the message, for filters that look at it. Default: none. */
  metadata?: JsonObject | undefined;
  /** Only this endpoint. Default: all of the tenant, in pages. */
  endpointId?: string | undefined;
}

/** Whether one endpoint would get a message. */
export interface EndpointExplanation {
  readonly endpointId: string;
  readonly name: string | undefined;
  /** Without credentials, query and long path tail. */
  readonly url: string;
  /** It would get the message: now, or when its pause or block ends. */
  readonly receives: boolean;
  readonly verdict: MatchVerdict;
  /** One line for a person. */
  readonly reason: string;
  /** With the verdict `filter`: the part of the filter that says no, and the values compared. */
  readonly clause: FilterClause | undefined;
  readonly status: 'enabled' | 'disabled';
  /** Why it is disabled; `undefined` while it is enabled. */
  readonly disabledReason: DisabledReason | undefined;
  readonly paused: boolean;
  /** Nothing is sent before this instant, epoch ms. */
  readonly blockedUntil: number | undefined;
  /** Why this process cannot serve the endpoint, whatever the message. */
  readonly unserved: string | undefined;
}

const schema = z.strictObject({
  ...pageShape,
  tenant: z.unknown().optional(),
  metadata: z.unknown().optional(),
  endpointId: soughtName.optional(),
});

export interface Explaining {
  readonly engine: () => Promise<Engine>;
  readonly functions: FunctionRegistry;
  /** Makes the message as `emit` would, and refuses what `emit` refuses. */
  readonly createMessage: (options: Pick<ExplainOptions, 'tenant' | 'metadata'>) => Promise<NewMessage>;
}

/** Stores nothing and sends nothing. */
export async function explain(
  options: ExplainOptions | undefined,
  { engine, functions, createMessage }: Explaining,
): Promise<Page<EndpointExplanation>> {
  const { tenant, metadata, endpointId, cursor, limit } = parseListRequest(schema, options);
  const message = await createMessage({
    tenant: tenant as string | undefined,
    metadata: metadata as JsonObject | undefined,
  });
  const running = await engine();
  const { endpoints, directory } = running;
  const input = {
    type: message.type,
    tenant: message.tenant,
    data: JSON.parse(message.dataJson) as JsonValue,
    metadata: message.metadata,
  };
  const explainOne = ({ record, lane }: StoredEndpoint): EndpointExplanation => {
    const runtime = directory.put(record);
    const { paused, blockedUntil, trips } = lane;
    const unserved = unservedReason(runtime);
    const whilePaused = running.switch.state?.whilePaused;
    const standing: EndpointStanding = {
      paused,
      whilePaused,
      blockedUntil,
      breakerOpen: trips > 0,
      streak: lane,
      ordering: runtime.settings.ordering,
      refusal: runtime.refusal,
      unserved,
    };
    const explanation = explainMatch(record, standing, input, (name) => ownEntry(functions.filter, name));
    return {
      endpointId: record.id,
      name: record.name,
      url: runtime.ref.url,
      receives: explanation.verdict === 'receives' || explanation.verdict === 'waits',
      ...explanation,
      status: record.status,
      disabledReason: record.status === 'disabled' ? (record.disabledReason ?? 'manual') : undefined,
      paused,
      blockedUntil,
      unserved,
    };
  };
  if (endpointId !== undefined) {
    const stored = await endpoints.get(endpointId);
    if (stored.record.tenant !== message.tenant) throw new NotFoundError('endpoint', endpointId);
    return { items: [explainOne(stored)], nextCursor: undefined };
  }
  const page = await endpoints.list({ tenant: message.tenant, cursor, limit: limit ?? DEFAULT_PAGE_LIMIT });
  return { items: page.items.map(explainOne), nextCursor: page.nextCursor };
}
