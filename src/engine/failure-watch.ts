/**
 * Looks after endpoints of which nothing but failures come: says so, and disables them in the end. How long that has been going on is known to the
 * lane, so it counts over all processes and restarts; it is asked rarely, not with every failure.
 */
import { judgeStreak } from '../core/auto-disable.ts';
import type { EndpointRecord } from '../core/endpoint.ts';
import { NotFoundError } from '../errors.ts';
import type { Lane } from '../store/store.ts';
import type { Settled } from './concluded-attempt.ts';
import type { EndpointAdmin } from './endpoint-admin.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import type { EngineContext } from './engine-context.ts';
import { keepTrying } from './keep-trying.ts';
import { RecentMap } from './recent-map.ts';

export interface FailureWatchOptions extends Pick<
  EngineContext,
  'store' | 'clock' | 'random' | 'activity' | 'reporter'
> {
  readonly admin: EndpointAdmin;
}

/** Endpoints of which it is known when to look again; of another one it is looked at once. */
const MAX_ENDPOINTS = 20_000;

/** When to look at an endpoint again, by the clock that never jumps; as long as it is the same: one that was changed may have begun anew. */
interface NextLook {
  readonly at: number;
  readonly createdAt: number;
  readonly revision: number;
}

export class FailureWatch {
  readonly #options: FailureWatchOptions;
  readonly #looks = new RecentMap<NextLook>(MAX_ENDPOINTS);
  /** Endpoints that are looked at right now. */
  readonly #busy = new Set<string>();

  constructor(options: FailureWatchOptions) {
    this.#options = options;
  }

  /** Takes note of an attempt whose outcome is written, that of a test message aside. */
  note(settled: Settled): void {
    const { outcome, runtime } = settled;
    const { record, autoDisable } = runtime;
    // What came with a message was for that message: there is nothing to disable.
    if (record.hidden === true) return;
    if (outcome.kind === 'delivered') return this.#onSuccess(settled);
    if (outcome.kind !== 'endpoint_failed' || autoDisable === undefined || record.status === 'disabled')
      return;
    if (this.#options.clock.elapsed() >= (this.#lookAt(record) ?? -Infinity))
      this.#start(runtime, () => this.#look(settled));
  }

  #onSuccess(settled: Settled): void {
    const { runtime } = settled;
    const { record, autoDisable } = runtime;
    if (record.failing === true) return this.#start(runtime, () => this.#recover(settled));
    // Failures from here on begin a new streak: it is long enough at that time at the earliest.
    if (autoDisable !== undefined && this.#lookAt(record) === undefined)
      this.#lookIn(record, autoDisable.failingAfterMs);
  }

  #lookAt({ id, createdAt, revision }: EndpointRecord): number | undefined {
    const look = this.#looks.get(id);
    return look?.createdAt === createdAt && look.revision === revision ? look.at : undefined;
  }

  #lookIn({ id, createdAt, revision }: EndpointRecord, delayMs: number): void {
    this.#looks.set(id, { at: this.#options.clock.elapsed() + delayMs, createdAt, revision });
  }

  #start({ record: { id } }: EndpointRuntime, act: () => Promise<void>): void {
    if (this.#busy.has(id)) return;
    this.#busy.add(id);
    const work = keepTrying(`look after endpoint ${id}`, act, this.#options);
    void work.then(() => this.#busy.delete(id));
  }

  async #look(settled: Settled): Promise<void> {
    const { runtime } = settled;
    const { store } = this.#options;
    const policy = runtime.autoDisable!;
    const [lane, now] = await Promise.all([store.getLane({ laneId: runtime.laneId }), store.now()]);
    const { failingSince, consecutiveFailures: failures } = lane;
    const forMs = failingSince === undefined ? 0 : now - failingSince;
    const { measure, lookAgainInMs } = judgeStreak({ failures, forMs }, policy);
    if (measure === 'disable') await this.#disable(runtime);
    else if (measure === 'failing' && runtime.record.failing !== true) await this.#report(settled, lane);
    this.#lookIn(runtime.record, lookAgainInMs);
  }

  async #report(settled: Settled, { failingSince, consecutiveFailures }: Lane): Promise<void> {
    const isFirst = await this.#change(settled.runtime, (record) =>
      record.failing === true || record.status === 'disabled' ? undefined : { ...record, failing: true },
    );
    if (isFirst) this.#options.reporter.endpointFailing(settled, failingSince!, consecutiveFailures);
  }

  async #recover(settled: Settled): Promise<void> {
    const { runtime } = settled;
    const isFirst = await this.#change(runtime, ({ failing, ...record }) =>
      failing === true ? record : undefined,
    );
    this.#looks.delete(runtime.record.id);
    if (isFirst) this.#options.reporter.endpointRecovered(settled);
  }

  /** Only the address that failed is given up; a new one that was set meanwhile is not. */
  async #disable(runtime: EndpointRuntime): Promise<void> {
    const { url } = runtime.record;
    await this.#change(runtime, (record) =>
      record.url === url && record.status === 'enabled'
        ? { ...record, status: 'disabled', disabledReason: 'failing' }
        : undefined,
    );
  }

  /** False when there was nothing to change: another process was faster, or somebody else removed it. */
  async #change(
    { record: { id } }: EndpointRuntime,
    change: (record: EndpointRecord) => EndpointRecord | undefined,
  ): Promise<boolean> {
    let isChanged = false;
    try {
      await this.#options.admin.mark(id, (record) => {
        const changed = change(record);
        isChanged = changed !== undefined;
        return changed;
      });
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      return false;
    }
    return isChanged;
  }
}
