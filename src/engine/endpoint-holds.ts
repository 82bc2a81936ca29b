/**
 * Endpoints to which nothing is sent for now, while what is for them waits in the store: those that somebody paused, and disabled ones of which
 * `onDisable` says so. What is leased for such a one all the same, by whoever did not know it yet, goes back.
 */
import type { EndpointRecord, ResolvedDeliverySettings } from '../core/endpoint.ts';
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
  /** Waiting deliveries become due after this time. */
  readonly wakeIn: (delayMs: number) => void;
}

export class EndpointHolds {
  readonly #options: EndpointHoldsOptions;

  constructor(options: EndpointHoldsOptions) {
    this.#options = options;
  }

  /** Whether what waits for it is kept while it is disabled. */
  keeps({ disabledReason, onDisable }: EndpointRecord): boolean {
    return disabledReason !== 'gone' && (onDisable ?? this.#options.delivery.onDisable) === 'hold';
  }

  /** What waits for it is kept, because it is disabled. */
  isHeld(record: EndpointRecord): boolean {
    return record.status === 'disabled' && this.keeps(record);
  }

  async hold(id: string): Promise<void> {
    const { store, directory, sender, returns } = this.#options;
    await store.putLane({ laneId: id, paused: true });
    directory.setPaused(id, true);
    await returns.handBack(sender.takeQueued(id));
  }

  /** Never rejects: tried again while the store fails, as nobody else would end it. */
  async letGo(id: string): Promise<void> {
    const { store, directory, wakeIn } = this.#options;
    directory.setPaused(id, false);
    const act = (): Promise<void> => store.putLane({ laneId: id, paused: false });
    await keepTrying(`send again what waits for endpoint ${id}`, act, this.#options);
    wakeIn(0);
  }

  /** No breaker, no failures; one that was held goes on, too. Never rejects. */
  async beginAnew(id: string, isHeld: boolean): Promise<void> {
    const { store, directory, wakeIn } = this.#options;
    if (isHeld) directory.setPaused(id, false);
    const act = (): Promise<void> =>
      store.putLane({
        laneId: id,
        blockForMs: 0,
        trips: 0,
        resetFailures: true,
        ...(isHeld && { paused: false }),
      });
    await keepTrying(`let endpoint ${id} begin anew`, act, this.#options);
    wakeIn(0);
  }

  /** Takes over a delivery that was leased for a disabled endpoint, if it is one that keeps what waits: it is not paused then, as it should be. */
  takeBack(delivery: LeasedDelivery, { record }: EndpointRuntime): boolean {
    if (!this.isHeld(record)) return false;
    const act = (): Promise<void> => this.hold(record.id);
    const held = keepTrying(`keep what waits for endpoint ${record.id}`, act, this.#options);
    void held.then(() => this.#options.returns.handBack([delivery]));
    return true;
  }
}
