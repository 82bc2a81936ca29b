/**
 * The directory: every endpoint of the store, compiled and indexed, in memory. Emit reads it without touching the
 * store. It learns of changes made here at once and of those made elsewhere through `store.watch`.
 */
import type { FilterInput } from '../core/compile-filter.ts';
import type { EndpointRecord } from '../core/endpoint.ts';
import { SubscriptionIndex } from '../core/subscription-index.ts';
import type { EndpointRef } from '../lifecycle-events.ts';
import type { EngineContext } from './engine-context.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';

const PAGE = 500;

export interface DirectoryOptions extends Pick<EngineContext, 'store' | 'reporter'> {
  readonly compile: (record: EndpointRecord) => EndpointRuntime;
  /** Settings of an endpoint have changed. */
  readonly onChange: (runtime: EndpointRuntime) => void;
}

export class Directory {
  readonly #options: DirectoryOptions;
  readonly #runtimes = new Map<string, EndpointRuntime>();
  readonly #index = new SubscriptionIndex<EndpointRuntime>();
  readonly #refreshing = new Map<string, Promise<void>>();

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#runtimes.size;
  }

  get(endpointId: string): EndpointRuntime | undefined {
    return this.#runtimes.get(endpointId);
  }

  /** How events and log lines call an endpoint, also one that is gone. */
  refOf(endpointId: string): EndpointRef {
    return this.#runtimes.get(endpointId)?.ref ?? { id: endpointId, url: '(removed)', name: undefined };
  }

  /** Endpoints that want this message, disabled ones included. */
  match(
    type: string,
    tenant: string,
    input: () => FilterInput,
    onFilterError: (runtime: EndpointRuntime, error: unknown) => void,
  ): EndpointRuntime[] {
    return this.#index.match(type, tenant, input, onFilterError);
  }

  /** Endpoints that this process cannot serve, and why. */
  *unserved(): Generator<{ readonly endpointId: string; readonly why: string }> {
    for (const { record, fault, refusal, filter } of this.#runtimes.values()) {
      const missing =
        filter?.missing === undefined
          ? undefined
          : `the filter function ${JSON.stringify(filter.missing)} is not registered here`;
      const why = fault?.detail ?? refusal ?? missing;
      if (why !== undefined) yield { endpointId: record.id, why };
    }
  }

  async load(): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await this.#options.store.endpoints.list({ cursor, limit: PAGE });
      for (const { record } of page.items) this.put(record);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }

  /** Takes over a record as it is in the store. Older revisions than the one known are ignored. */
  put(record: EndpointRecord): EndpointRuntime {
    const known = this.#runtimes.get(record.id);
    if (
      known !== undefined &&
      known.record.revision >= record.revision &&
      known.record.createdAt >= record.createdAt
    )
      return known;
    const runtime = this.#options.compile(record);
    this.#runtimes.set(record.id, runtime);
    this.#index.set(record.id, {
      tenant: record.tenant,
      events: record.events,
      filter: runtime.filter,
      value: runtime,
    });
    this.#options.onChange(runtime);
    return runtime;
  }

  delete(endpointId: string): void {
    this.#runtimes.delete(endpointId);
    this.#index.delete(endpointId);
  }

  /** Reads an endpoint again; changes that come while it is read are read afterwards. */
  refresh(endpointId: string): Promise<void> {
    const previous = this.#refreshing.get(endpointId) ?? Promise.resolve();
    const next = previous
      .then(() => this.#read(endpointId))
      .finally(() => {
        if (this.#refreshing.get(endpointId) === next) this.#refreshing.delete(endpointId);
      });
    this.#refreshing.set(endpointId, next);
    return next;
  }

  async #read(endpointId: string): Promise<void> {
    try {
      const stored = await this.#options.store.endpoints.get({ id: endpointId });
      if (stored === undefined) this.delete(endpointId);
      else this.put(stored.record);
    } catch (error) {
      this.#options.reporter.error(error, `read endpoint ${endpointId} again`);
    }
  }
}
