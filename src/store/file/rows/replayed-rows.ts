import type { SealedEndpoint } from '../../codec/endpoint-codec.ts';
import type { RowPlace } from '../../tables/placed-row.ts';
import type {
  AttemptRecord,
  DeliveryRecord,
  FanOutRecord,
  LaneRecord,
  SettingRecord,
} from './row-records.ts';
import type { SlimMessageRecord } from './slim-rows.ts';

/** The newest version of a row, and where it stands. */
export interface Replayed<Record> {
  readonly record: Record;
  readonly place: RowPlace;
}

/** What the journal says of rows that were not removed. */
export interface ReplayedRows {
  /** By sequence, without what may be large. */
  readonly messages: Map<number, Replayed<SlimMessageRecord>>;
  /** By sequence of the message. */
  readonly fanOuts: Map<number, Replayed<FanOutRecord>>;
  /** By sequence. */
  readonly deliveries: Map<number, Replayed<DeliveryRecord>>;
  /** By sequence, slim. */
  readonly attempts: Map<number, Replayed<AttemptRecord>>;
  readonly lanes: Map<string, Replayed<LaneRecord>>;
  readonly endpoints: Map<string, Replayed<SealedEndpoint>>;
  readonly settings: Map<string, Replayed<SettingRecord>>;
}
