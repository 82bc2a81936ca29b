import type { AttemptRow, DeliveryRow, EndpointRow, LaneRow, MessageRow } from './rows.ts';

/**
 * Hears of every row that a call changes, so that a store can write it down. Told within the call, perhaps several times,
 * and perhaps before the last change of the call.
 */
export interface RowChanges {
  /** A new message. */
  noteMessage(row: MessageRow): void;
  /** Whether a message is matched, or by whom it is being matched. */
  noteFanOut(row: MessageRow): void;
  /** A message is gone, with its deliveries and attempts. */
  noteRemoved(row: MessageRow): void;
  noteDelivery(row: DeliveryRow): void;
  /** A new attempt. */
  noteAttempt(row: AttemptRow): void;
  noteLane(row: LaneRow): void;
  noteLaneRemoved(row: LaneRow): void;
  noteEndpoint(row: EndpointRow): void;
  noteEndpointRemoved(row: EndpointRow): void;
  noteSetting(key: string): void;
}

/** For a store that writes nothing down. */
export const NO_CHANGES: RowChanges = {
  noteMessage() {},
  noteFanOut() {},
  noteRemoved() {},
  noteDelivery() {},
  noteAttempt() {},
  noteLane() {},
  noteLaneRemoved() {},
  noteEndpoint() {},
  noteEndpointRemoved() {},
  noteSetting() {},
};
