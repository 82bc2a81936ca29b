import type { Clock } from '../clock.ts';
import type { RateLimit } from '../core/endpoint.ts';
import type { LeasedDelivery } from '../store/store.ts';
import type { LaneSettings, LocalLane } from './local-lane.ts';

/** What a delivery tells of its lane. */
export type LaneRef = Pick<LeasedDelivery, 'laneId' | 'endpointId'>;

export interface LocalLanesOptions {
  readonly clock: Clock;
  readonly maxConcurrency: number;
  /** Most attempts that are begun per interval, over all lanes. */
  readonly maxRate: RateLimit | undefined;
  /** Outcomes that are not written yet: more than may wait hold back new work, or a store that is down would let memory grow. */
  readonly unwritten: () => number;
  /** False: what waits here may be somebody else's by now, and is not begun until `pump` is called again. */
  readonly holdsLeases: () => boolean;
  /** Settings of an endpoint, and so of its lane: endpoints that share one have the same. */
  readonly settingsOf: (endpointId: string) => LaneSettings;
  /** Begins an attempt. Must end in `finish`. */
  readonly start: (delivery: LeasedDelivery, lane: LocalLane) => void;
  /** A lane has room again and its queue is running low. */
  readonly onRoom: () => void;
  /** These were leased for an endpoint that has become slower: they are to be handed back, and count here no more. */
  readonly onSurplus: (deliveries: readonly LeasedDelivery[]) => void;
}
