import type { DeliveryState } from '../../../core/delivery.ts';
import type { NewAttempt } from '../../store.ts';
import type { FreedLeases } from './lane-leases.ts';

/** What a transaction adds to a lane. */
export interface LaneChange {
  readonly laneId: string;
  /** When the first of the deliveries that it made ready is ready; null: it made none. */
  readonly readyAt: number | null;
  /** Leases that have ended, of those that it may have, and when. */
  readonly freed: number;
  readonly freedAt: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly triggeredAt: number | null;
  /** Failures in a row: since the last success of the transaction, or to be added to those before. */
  readonly failures: number;
  /** When the first of these began. */
  readonly failingSince: number | null;
}

type Draft = { -readonly [Key in keyof LaneChange]: LaneChange[Key] };

/** Collects what a transaction adds to lanes, one change each. */
export class LaneChanges {
  readonly #drafts = new Map<string, Draft>();

  /** A delivery of the lane is ready, or will be. */
  wake(laneId: string, readyAt: number): void {
    const draft = this.#draft(laneId);
    draft.readyAt = Math.min(draft.readyAt ?? readyAt, readyAt);
  }

  /** A lease has ended that was one of those that the lane may have. */
  free(laneId: string, at: number): void {
    const draft = this.#draft(laneId);
    draft.freed += 1;
    draft.freedAt = at;
  }

  /** A delivery, not of a test message, is in this state now. */
  count(laneId: string, state: DeliveryState): void {
    if (state === 'succeeded') this.#draft(laneId).succeeded += 1;
    else if (state === 'exhausted' || state === 'failed') this.#draft(laneId).failed += 1;
  }

  /** An attempt was logged. Only an answer, or the lack of one, tells that the endpoint was called. */
  attempt(laneId: string, { outcome }: NewAttempt, startedAt: number, isTest: boolean): void {
    if (outcome !== 'delivered' && outcome !== 'endpoint_failed') return;
    const draft = this.#draft(laneId);
    draft.triggeredAt = Math.max(draft.triggeredAt ?? startedAt, startedAt);
    if (isTest) return;
    draft.failures = outcome === 'delivered' ? 0 : draft.failures + 1;
    draft.failingSince =
      outcome === 'delivered' ? null : Math.min(draft.failingSince ?? startedAt, startedAt);
  }

  /** True when some delivery can, or will, be claimed. */
  get hasWork(): boolean {
    return [...this.#drafts.values()].some(({ readyAt }) => readyAt !== null);
  }

  /** When the first of the deliveries that became ready is ready, by lane. */
  wakes(): ReadonlyMap<string, number> {
    const woken = [...this.#drafts.values()].filter(({ readyAt }) => readyAt !== null);
    return new Map(woken.map(({ laneId, readyAt }) => [laneId, readyAt!]));
  }

  /** Leases that have ended, by lane. */
  freed(): readonly FreedLeases[] {
    const freed = this.list().filter((change) => change.freed > 0);
    return freed.map((change) => ({ laneId: change.laneId, count: change.freed, at: change.freedAt }));
  }

  /** In the order in which lanes are locked. */
  list(): readonly LaneChange[] {
    return [...this.#drafts.keys()].sort().map((laneId) => this.#drafts.get(laneId)!);
  }

  #draft(laneId: string): Draft {
    let draft = this.#drafts.get(laneId);
    if (draft === undefined) {
      draft = {
        laneId,
        readyAt: null,
        freed: 0,
        freedAt: 0,
        succeeded: 0,
        failed: 0,
        triggeredAt: null,
        failures: 0,
        failingSince: null,
      };
      this.#drafts.set(laneId, draft);
    }
    return draft;
  }
}
