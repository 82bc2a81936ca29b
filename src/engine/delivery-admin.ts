/** Reading the record, and the two things a person can do to a delivery: try it again, or call it off. */
import type { Attempt, Delivery } from '../core/delivery.ts';
import { NotFoundError } from '../errors.ts';
import type { ListWhere, Page, StatsParams, StoredMessage, StoreStats } from '../store/store.ts';
import type { Directory } from './directory.ts';
import type { EngineContext } from './engine-context.ts';
import type { LeaseReturns } from './lease-returns.ts';
import type { Sender } from './sender.ts';

export interface DeliveryAdminOptions extends Pick<EngineContext, 'store' | 'reporter'> {
  readonly directory: Directory;
  readonly sender: Sender;
  readonly returns: LeaseReturns;
  /** Waiting deliveries become due after this time. */
  readonly wakeIn: (delayMs: number) => void;
}

export interface ListRequest {
  readonly where: ListWhere;
  readonly cursor: string | undefined;
  readonly limit: number;
}

/** A delivery with all attempts made for it, oldest first. */
export interface DeliveryWithAttempts extends Delivery {
  readonly attemptLog: readonly Attempt[];
}

const ATTEMPT_PAGE = 500;

export class DeliveryAdmin {
  readonly #options: DeliveryAdminOptions;

  constructor(options: DeliveryAdminOptions) {
    this.#options = options;
  }

  /** @throws NotFoundError */
  async message(id: string): Promise<StoredMessage> {
    const message = await this.#options.store.getMessage({ id });
    if (message === undefined) throw new NotFoundError('message', id);
    return message;
  }

  messages({ where, cursor, limit }: ListRequest): Promise<Page<StoredMessage>> {
    return this.#options.store.list({ of: 'messages', where, cursor, limit });
  }

  /** @throws NotFoundError */
  async delivery(id: string): Promise<DeliveryWithAttempts> {
    const delivery = await this.#find(id);
    const attemptLog: Attempt[] = [];
    let cursor: string | undefined;
    do {
      const page: Page<Attempt> = await this.#options.store.list({
        of: 'attempts',
        where: { deliveryId: id },
        cursor,
        limit: ATTEMPT_PAGE,
      });
      attemptLog.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return { ...delivery, attemptLog: attemptLog.reverse() };
  }

  deliveries({ where, cursor, limit }: ListRequest): Promise<Page<Delivery>> {
    return this.#options.store.list({ of: 'deliveries', where, cursor, limit });
  }

  stats(params: StatsParams): Promise<StoreStats> {
    return this.#options.store.stats(params);
  }

  /** A fresh run of the policy, due now. A delivery that is being sent is left alone. @throws NotFoundError */
  async retry(id: string): Promise<Delivery> {
    await this.#find(id);
    await this.#options.store.reschedule({ where: { deliveryIds: [id] }, to: 'scheduled', limit: 1 });
    this.#options.wakeIn(0);
    return this.#find(id);
  }

  /** No further attempt. One that runs is recorded; a final delivery stays as it is. @throws NotFoundError */
  async cancel(id: string): Promise<Delivery> {
    const { endpointId } = await this.#find(id);
    const { store, reporter, directory, sender, returns } = this.#options;
    const { deliveries } = await store.reschedule({
      where: { deliveryIds: [id] },
      to: 'discarded',
      reason: 'cancelled',
      limit: 1,
    });
    const [moved] = deliveries;
    const queued = sender.takeOne(id);
    if (moved !== undefined && directory.get(endpointId) === undefined)
      await directory.find(endpointId).catch(() => undefined);
    // Leased, but waiting for its turn in this process: handed back, it is discarded now and not sent.
    if (queued !== undefined) await returns.handBack([queued]);
    if (moved !== undefined) {
      // The next one of its ordering key has its turn.
      this.#options.wakeIn(0);
      // What ends otherwise is told of by whoever ends it.
      reporter.rescheduled(moved, directory.refOf(endpointId));
    }
    return this.#find(id);
  }

  async #find(id: string): Promise<Delivery> {
    const delivery = await this.#options.store.getDelivery({ id });
    if (delivery === undefined) throw new NotFoundError('delivery', id);
    return delivery;
  }
}
