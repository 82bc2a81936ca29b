/**
 * What an endpoint's answer asks for beyond its own delivery: a pause of its lane (Retry-After), or its end (410).
 * Applied after the outcome is written, so a process that lost its lease changes nothing; tried again when the store
 * fails, so an answer is not forgotten.
 */
import type { Decision } from '../core/decide.ts';
import { NotFoundError } from '../errors.ts';
import type { EndpointAdmin } from './endpoint-admin.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import type { EndpointCause } from './endpoint-reporter.ts';
import type { EngineContext } from './engine-context.ts';
import { keepTrying } from './keep-trying.ts';
import type { LeaseReturns } from './lease-returns.ts';
import type { Sender } from './sender.ts';

export interface EndpointDirectivesOptions extends Pick<
  EngineContext,
  'store' | 'clock' | 'random' | 'activity' | 'reporter'
> {
  readonly admin: EndpointAdmin;
  readonly sender: Sender;
  readonly returns: LeaseReturns;
  readonly wakeIn: (delayMs: number) => void;
}

export class EndpointDirectives {
  readonly #options: EndpointDirectivesOptions;

  constructor(options: EndpointDirectivesOptions) {
    this.#options = options;
  }

  /** Resolves when it is done, or given up; never rejects. */
  async apply(cause: EndpointCause, decision: Decision): Promise<void> {
    const { runtime } = cause;
    const act = async (): Promise<void> => {
      if (decision.blockLaneMs !== undefined) await this.#block(cause, decision.blockLaneMs);
      // What came with a message was for that message: there is nothing to disable.
      if (decision.disableEndpoint && runtime.record.hidden !== true) await this.#disable(runtime);
    };
    await keepTrying(`apply what endpoint ${runtime.record.id} answered`, act, this.#options);
  }

  async #block(cause: EndpointCause, blockForMs: number): Promise<void> {
    const { store, sender, returns, wakeIn, reporter } = this.#options;
    const { laneId } = cause.delivery;
    await store.putLane({ laneId, blockForMs, blockedReason: 'retry_after' });
    reporter.endpointBlocked(cause, 'retry_after', blockForMs);
    await returns.handBack(sender.takeQueued(laneId));
    wakeIn(blockForMs);
  }

  /** Only the address that answered 410 is gone; a new one that was set meanwhile is not. */
  async #disable({ record: { id, url } }: EndpointRuntime): Promise<void> {
    try {
      await this.#options.admin.update(id, (record) =>
        record.url === url && record.status === 'enabled'
          ? { ...record, status: 'disabled', disabledReason: 'gone' }
          : undefined,
      );
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
}
