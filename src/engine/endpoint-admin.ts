/**
 * Endpoints as data: create, change, remove, pause. Each write goes to the store first, then to the directory of
 * this process, then to the host as an event.
 */
import type { DiscardReason } from '../core/delivery.ts';
import type { EndpointRecord } from '../core/endpoint.ts';
import { isHeld } from '../core/endpoint-hold.ts';
import { dropExpiredSecrets } from '../core/live-secrets.ts';
import { hasOtherSettings } from '../core/other-settings.ts';
import { ConflictError, LimitError, NotFoundError, OptionsError } from '../errors.ts';
import type { Lane, Page, StoredEndpoint } from '../store/store.ts';
import type { ChangeReads } from './change-reads.ts';
import type { Directory } from './directory.ts';
import type { EngineContext } from './engine-context.ts';
import type { EndpointHolds } from './endpoint-holds.ts';
import { toEndpointRef } from './endpoint-runtime.ts';
import type { LeaseReturns } from './lease-returns.ts';
import type { Sender } from './sender.ts';

export interface EndpointAdminOptions extends Pick<EngineContext, 'store' | 'clock' | 'reporter'> {
  readonly maxEndpointsPerTenant: number;
  readonly holds: EndpointHolds;
  readonly changes: ChangeReads;
  readonly directory: Directory;
  readonly sender: Sender;
  readonly returns: LeaseReturns;
  /** Waiting deliveries become due after this time. */
  readonly wakeIn: (delayMs: number) => void;
}

/** Deliveries moved in one store call. */
const BATCH = 500;
/** How often a change is tried again when somebody else changed the endpoint in between. */
const MAX_UPDATE_TRIES = 5;

export class EndpointAdmin {
  readonly #options: EndpointAdminOptions;
  /** The last change of each endpoint that is being changed, or creation for a tenant. */
  readonly #updates = new Map<string, Promise<void>>();

  constructor(options: EndpointAdminOptions) {
    this.#options = options;
  }

  /**
   * @throws ConflictError when the id is taken
   * @throws LimitError when the tenant has as many endpoints as it may have
   */
  create(record: EndpointRecord): Promise<StoredEndpoint> {
    if (this.#options.maxEndpointsPerTenant === Infinity) return this.#create(record);
    // Those that are created at once would not see each other. No id of an endpoint has a space.
    return this.#inTurn(`tenant ${record.tenant}`, async () => {
      await this.#checkLimit(record.tenant);
      return this.#create(record);
    });
  }

  async #create(record: EndpointRecord): Promise<StoredEndpoint> {
    const { store, directory, reporter } = this.#options;
    const result = await store.endpoints.put({ record, expectedRevision: 0 });
    if (result.kind === 'conflict') {
      // It may be news to this process; who goes on with the endpoint that is there expects it to get what is emitted next.
      directory.onChange(record.id);
      throw new ConflictError(
        record.id,
        `An endpoint with the id ${JSON.stringify(record.id)} exists. Update it, or choose another id.`,
      );
    }
    const runtime = directory.accept(result.record);
    reporter.endpoint('endpoint.created', runtime.ref, record.tenant);
    const stored = await this.get(record.id);
    if (!isUsed(stored.lane)) return stored;
    await this.#options.holds.beginAnew(record.id);
    return this.get(record.id);
  }

  async #checkLimit(tenant: string): Promise<void> {
    const { changes, directory, maxEndpointsPerTenant: limit } = this.#options;
    await changes.upToDate();
    const count = directory.countOf(tenant);
    if (count < limit) return;
    throw new LimitError(
      limit,
      `The tenant ${JSON.stringify(tenant)} has ${count} endpoints, and may have ${limit} (maxEndpointsPerTenant). Remove one, or raise the limit.`,
    );
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<StoredEndpoint> {
    const stored = await this.#options.store.endpoints.get({ id });
    if (stored === undefined) throw new NotFoundError('endpoint', id);
    return stored;
  }

  /** @throws NotFoundError, or OptionsError for a hidden one, which only its messages can change */
  async getRegistered(id: string): Promise<StoredEndpoint> {
    const stored = await this.get(id);
    if (stored.record.hidden !== true) return stored;
    throw new OptionsError(
      'id',
      `id: ${id} is a destination that came with a message. It can be read, but not changed, paused, removed or tested. ` +
        'Cancel its deliveries, or emit to other settings.',
    );
  }

  list(params: {
    tenant?: string | undefined;
    cursor?: string | undefined;
    limit: number;
  }): Promise<Page<StoredEndpoint>> {
    return this.#options.store.endpoints.list(params);
  }

  /**
   * Applies a change to the newest record, without secrets that have expired. One that is enabled again, or has another URL, begins anew: no
   * breaker, no failures, and what was held when it was disabled goes on.
   *
   * @param change `undefined`: nothing is to be changed after all
   * @param expectedRevision refuse when the endpoint is at another revision; undefined: whatever it is
   * @throws ConflictError when the revision is another one
   */
  update(
    id: string,
    change: (record: EndpointRecord) => EndpointRecord | undefined,
    expectedRevision?: number,
  ): Promise<StoredEndpoint> {
    return this.#inTurn(id, () => this.#update(id, change, { expectedRevision }));
  }

  /** The same for what Posthorn itself notes in the record, and reports by an event of its own. */
  mark(id: string, change: (record: EndpointRecord) => EndpointRecord | undefined): Promise<StoredEndpoint> {
    return this.#inTurn(id, () => this.#update(id, change, { isMark: true }));
  }

  /** One after the other: those of one process would only be in each other's way. */
  #inTurn(what: string, act: () => Promise<StoredEndpoint>): Promise<StoredEndpoint> {
    const previous = this.#updates.get(what) ?? Promise.resolve();
    const result = previous.then(act);
    const end = (): void => {
      if (this.#updates.get(what) === turn) this.#updates.delete(what);
    };
    const turn: Promise<void> = result.then(end, end);
    this.#updates.set(what, turn);
    return result;
  }

  async #update(
    id: string,
    change: (record: EndpointRecord) => EndpointRecord | undefined,
    { expectedRevision, isMark = false }: { expectedRevision?: number | undefined; isMark?: boolean },
  ): Promise<StoredEndpoint> {
    for (let tries = 1; ; tries += 1) {
      const stored = await this.getRegistered(id);
      const { record } = stored;
      if (expectedRevision !== undefined && record.revision !== expectedRevision)
        throw staleRevision(id, expectedRevision, record.revision);
      const changed = change(dropExpiredSecrets(record, this.#options.clock.now()));
      if (changed === undefined) return stored;
      const next = beginsAnew(record, changed) ? withoutFailing(changed) : changed;
      const result = await this.#options.store.endpoints.put({
        record: this.#options.holds.decide(record, next),
        expectedRevision: record.revision,
      });
      if (result.kind === 'stored') {
        await this.#afterUpdate(stored, result.record, isMark);
        return this.get(id);
      }
      if (expectedRevision !== undefined || tries >= MAX_UPDATE_TRIES)
        throw staleRevision(id, record.revision, result.currentRevision);
    }
  }

  /** Removes it and discards what waits for it. @throws NotFoundError */
  async remove(id: string): Promise<void> {
    const { store, directory, reporter, sender, returns } = this.#options;
    const { record } = await this.getRegistered(id);
    const ref = toEndpointRef(record);
    const since = await store.now();
    if (!(await store.endpoints.remove({ id }))) throw new NotFoundError('endpoint', id);
    directory.delete(id);
    await returns.handBack(sender.takeQueued(id));
    reporter.endpoint('endpoint.removed', ref, record.tenant);
    await this.#discardWaiting(id, 'endpoint_removed', since);
  }

  /** Nothing is sent until it is resumed; what is emitted meanwhile waits. */
  async pause(id: string): Promise<void> {
    const { reporter, holds } = this.#options;
    const { record, lane } = await this.getRegistered(id);
    await holds.pause(id);
    if (!lane.paused) reporter.endpoint('endpoint.paused', toEndpointRef(record), record.tenant);
  }

  /**
   * Ends a pause, and a block by Retry-After or the breaker; failures so far do not count.
   *
   * @throws OptionsError for one that is not paused, but disabled, and keeps what waits for it: nothing would be sent
   */
  async resume(id: string): Promise<void> {
    const { store, directory, wakeIn, reporter } = this.#options;
    const { record, lane } = await this.getRegistered(id);
    if (isHeld(record) && !lane.paused) {
      throw new OptionsError(
        'id',
        `id: endpoint ${id} is disabled, and what waits for it is kept until it is enabled. Update it with status: 'enabled', which sends it.`,
      );
    }
    directory.setPaused(id, false);
    await store.putLane({ laneId: id, paused: false, blockForMs: 0, trips: 0, resetFailures: true });
    // Others may have paused it again meanwhile.
    directory.onChange(id);
    wakeIn(0);
    reporter.endpoint('endpoint.resumed', toEndpointRef(record), record.tenant);
  }

  async #afterUpdate(
    { record: before, lane }: StoredEndpoint,
    after: EndpointRecord,
    isMark: boolean,
  ): Promise<void> {
    const { directory, reporter, sender, returns, wakeIn, holds } = this.#options;
    const runtime = directory.put(after);
    if (isNowDisabled(before, after)) {
      if (!isMark && hasOtherSettings(before, after))
        reporter.endpoint('endpoint.updated', runtime.ref, after.tenant);
      reporter.endpointDisabled(runtime, lane);
      await returns.handBack(sender.takeQueued(after.id));
      if (!isHeld(after)) await this.#discardWaiting(after.id, 'endpoint_disabled', after.updatedAt);
      return;
    }
    if (beginsAnew(before, after)) await holds.beginAnew(after.id);
    // It stays disabled, and what waits is no longer to be kept.
    else if (before.held !== after.held && !isHeld(after))
      await this.#discardWaiting(after.id, 'endpoint_disabled', after.updatedAt);
    if (isMark) return;
    reporter.endpoint('endpoint.updated', runtime.ref, after.tenant);
    wakeIn(0);
  }

  /**
   * @param since when that came into force, by the clock of the store: what is stored later may be for an endpoint of the same id that was created anew, or
   * for this one, enabled again. If not, whoever claims it discards it.
   */
  async #discardWaiting(endpointId: string, reason: DiscardReason, since: number): Promise<void> {
    const { store, reporter, directory } = this.#options;
    let cursor: string | undefined;
    do {
      const result = await store.reschedule({
        where: { endpointId, states: ['scheduled', 'sending'], until: since + 1 },
        to: 'discarded',
        reason,
        cursor,
        limit: BATCH,
      });
      const ref = directory.refOf(endpointId);
      for (const delivery of result.deliveries)
        reporter.rescheduled(delivery, ref, directory.get(endpointId)?.record);
      cursor = result.nextCursor;
    } while (cursor !== undefined);
  }
}

function isNowDisabled(before: EndpointRecord, after: EndpointRecord): boolean {
  return before.status === 'enabled' && after.status === 'disabled';
}

/** What is known of its failures is about another address, or what somebody has mended. */
function beginsAnew(before: EndpointRecord, after: EndpointRecord): boolean {
  return (
    after.status === 'enabled' && (before.status === 'disabled' || String(before.url) !== String(after.url))
  );
}

/** What an endpoint of the same id, that was removed, left behind. */
function isUsed({ consecutiveFailures, trips, blockedUntil }: Lane): boolean {
  return consecutiveFailures > 0 || trips > 0 || blockedUntil !== undefined;
}

function withoutFailing({ failing: _over, ...record }: EndpointRecord): EndpointRecord {
  return record;
}

function staleRevision(id: string, expected: number, current: number): ConflictError {
  return new ConflictError(
    id,
    `Endpoint ${id} is at revision ${current}, not ${expected}: it was changed meanwhile, by somebody or by Posthorn itself, which notes in it that it fails, recovered, was disabled or verified. Read it again and repeat the change.`,
  );
}
