/** Tests of endpoints: one message to one endpoint at once, past its lane and whatever its state, without retries. */
import { createOrderedId } from '../core/id.ts';
import { StoppedError } from '../errors.ts';
import type { LeasedDelivery, NewMessage } from '../store/store.ts';
import type { Settled } from './concluded-attempt.ts';
import type { Directory } from './directory.ts';
import type { EndpointAdmin } from './endpoint-admin.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import type { EngineContext } from './engine-context.ts';
import type { Inbox } from './inbox.ts';
import type { Sender } from './sender.ts';

export interface EndpointTestsOptions extends Pick<EngineContext, 'clock' | 'random'> {
  readonly admin: EndpointAdmin;
  readonly directory: Directory;
  readonly sender: Sender;
  readonly inbox: Inbox;
}

interface PendingTest {
  readonly runtime: EndpointRuntime;
  readonly resolve: (settled: Settled) => void;
  readonly reject: (error: Error) => void;
}

export class EndpointTests {
  readonly #options: EndpointTestsOptions;
  readonly #pending = new Map<string, PendingTest>();
  #isClosed = false;

  constructor(options: EndpointTestsOptions) {
    this.#options = options;
  }

  /** Stores the message and sends it. Resolves when the outcome is written. @throws NotFoundError */
  async test(id: string, message: NewMessage): Promise<Settled> {
    const { clock, admin, directory, random, inbox } = this.#options;
    const { record } = await admin.getRegistered(id);
    if (this.#isClosed) throw new StoppedError('test an endpoint');
    const runtime = directory.put(record);
    const deliveryId = createOrderedId('dlv_', clock.now(), random);
    const settled = new Promise<Settled>((resolve, reject) =>
      this.#pending.set(deliveryId, { runtime, resolve, reject }),
    );
    // Awaited only after the message is stored; a stop may come before.
    settled.catch(() => undefined);
    try {
      const delivery = {
        id: deliveryId,
        endpointId: id,
        laneId: runtime.laneId,
        state: 'scheduled',
        reason: undefined,
        lease: undefined,
        orderingKey: undefined,
      } as const;
      await inbox.add({ message, deliveries: [delivery], fannedOut: true });
      return await settled;
    } finally {
      this.#pending.delete(deliveryId);
    }
  }

  /** Starts leased test deliveries of this process; returns the others. */
  takeLeased(deliveries: readonly LeasedDelivery[]): readonly LeasedDelivery[] {
    if (this.#pending.size === 0) return deliveries;
    return deliveries.filter((delivery) => {
      const test = this.#pending.get(delivery.id);
      if (test !== undefined) void this.#options.sender.sendNow(delivery, test.runtime).then(test.resolve);
      return test === undefined;
    });
  }

  /** Tests that have no outcome will not get one. */
  close(): void {
    this.#isClosed = true;
    for (const test of this.#pending.values())
      test.reject(new StoppedError('finish the test of an endpoint'));
  }
}
