/**
 * Endpoints to which nothing is sent for now, while what is for them waits in the store: those that somebody paused, and disabled ones of which
 * `onDisable` says so. The one is kept in the lane and the other in the record, so that neither ends the other. A store holds a lane by the record of
 * its endpoint, in the write that disables it: there is no moment at which one of both is so, and the other is not.
 */
import type { EndpointRecord, ResolvedDeliverySettings } from '../core/endpoint.ts';
import { decideHold, isHeld, isUndecided } from '../core/endpoint-hold.ts';
import { NotFoundError } from '../errors.ts';
import type { LeasedDelivery } from '../store/store.ts';
import type { Directory } from './directory.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import { keepTrying, type TryingContext } from './keep-trying.ts';
import type { LeaseReturns } from './lease-returns.ts';
import type { Sender } from './sender.ts';
import type { EngineContext } from './engine-context.ts';

export interface EndpointHoldsOptions extends TryingContext, Pick<EngineContext, 'store'> {
  /** Settings of endpoints that have none of their own. */
  readonly delivery: Pick<ResolvedDeliverySettings, 'onDisable'>;
  readonly directory: Directory;
  readonly sender: Sender;
  readonly returns: LeaseReturns;
  /** Notes something in the record of an endpoint; `undefined`: not after all. */
  readonly mark: (
    id: string,
    change: (record: EndpointRecord) => EndpointRecord | undefined,
  ) => Promise<unknown>;
  /** Waiting deliveries become due after this time. */
  readonly wakeIn: (delayMs: number) => void;
}

export class EndpointHolds {
  readonly #options: EndpointHoldsOptions;

  constructor(options: EndpointHoldsOptions) {
    this.#options = options;
  }

  /** The changed record, with what becomes of what waits while it is disabled. */
  decide(before: EndpointRecord, after: EndpointRecord): EndpointRecord {
    return decideHold(before, after, this.#options.delivery);
  }

  async pause(id: string): Promise<void> {
    const { store, directory, sender, returns } = this.#options;
    await store.putLane({ laneId: id, paused: true });
    directory.setPaused(id, true);
    // Others may have resumed it meanwhile.
    directory.onChange(id);
    await returns.handBack(sender.takeQueued(id));
  }

  /** No breaker, no failures. Never rejects: tried again while the store fails. */
  async beginAnew(id: string): Promise<void> {
    const { store, wakeIn } = this.#options;
    const act = (): Promise<void> =>
      store.putLane({ laneId: id, blockForMs: 0, trips: 0, resetFailures: true });
    await keepTrying(`let endpoint ${id} begin anew`, act, this.#options);
    wakeIn(0);
  }

  /**
   * Takes over a delivery that was leased for a disabled endpoint, unless it is to be discarded: it was leased before the store held the lane, or
   * somebody disabled the endpoint past all dispatchers, and it is decided now.
   */
  takeBack(delivery: LeasedDelivery, { record }: EndpointRuntime): boolean {
    if (!isHeld(record) && !isUndecided(record)) return false;
    const decided = isUndecided(record) ? this.#decideNow(record.id) : Promise.resolve();
    void decided.then(() => this.#options.returns.handBack([delivery]));
    return true;
  }

  #decideNow(id: string): Promise<void> {
    const act = async (): Promise<void> => {
      try {
        await this.#options.mark(id, (record) => (isUndecided(record) ? record : undefined));
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
      }
    };
    return keepTrying(`decide what becomes of what waits for endpoint ${id}`, act, this.#options);
  }
}
