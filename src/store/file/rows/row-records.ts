/** Rows as they stand in the journal, each whole, under one key that says what it is. What is left out is `undefined`. */
import type { DeliveryReason, DeliveryState, DiscardReason } from '../../../core/delivery.ts';
import type { Message } from '../../../core/message.ts';
import type { RateSlice } from '../../../core/rate-window.ts';
import type { Keyring } from '../../codec/keyring.ts';
import { type SealedEndpoint, sealEndpoint } from '../../codec/endpoint-codec.ts';
import type { BlockReason, NewAttempt } from '../../store.ts';
import type { AttemptRow, DeliveryRow, EndpointRow, LaneRow, MessageRow } from '../../tables/rows.ts';

/** A message; written once, with its data as the text of its line. Deliveries and attempts name it by its sequence, which is never used again. */
export interface MessageRecord extends Omit<Message, 'dataJson'> {
  /** Only where it cannot be the text of a line. */
  readonly dataJson: string | undefined;
  readonly sequence: number;
  readonly fingerprint: string | undefined;
  readonly createdAt: number;
  /** `undefined`: as long as the message is kept. */
  readonly idempotentUntil: number | undefined;
  readonly fannedOut: boolean;
}

/** What became of a message after it was stored without deliveries. */
export interface FanOutRecord {
  readonly message: number;
  readonly fannedOut: boolean;
  readonly lease: string | undefined;
  readonly until: number;
  /** When it was finished by being matched. */
  readonly finishedAt: number | undefined;
}

export interface DeliveryRecord {
  readonly sequence: number;
  readonly id: string;
  readonly message: number;
  readonly endpoint: string;
  /** `undefined`: the endpoint's own. */
  readonly lane: string | undefined;
  readonly orderingKey: string | undefined;
  readonly createdAt: number;
  readonly state: DeliveryState;
  readonly reason: DeliveryReason | undefined;
  readonly attempts: number;
  readonly attemptsBeforeRun: number;
  readonly rescues: number;
  readonly faults: number;
  readonly dueAt: number;
  readonly firstAttemptAt: number | undefined;
  readonly finishedAt: number | undefined;
  /** While it is `sending`. */
  readonly lease:
    | {
        readonly token: string;
        readonly at: number;
        readonly until: number;
        readonly holder: string | undefined;
        readonly cancelled: DiscardReason | undefined;
      }
    | undefined;
}

/** Written once. */
export interface AttemptRecord extends NewAttempt {
  readonly sequence: number;
  readonly message: number;
  readonly delivery: number;
  readonly startedAt: number;
}

export interface LaneRecord {
  readonly id: string;
  /** Its endpoint was there. */
  readonly owned: boolean;
  readonly paused: boolean;
  readonly blockedUntil: number;
  readonly blockedReason: BlockReason | undefined;
  readonly succeeded: number;
  readonly failed: number;
  readonly lastTriggeredAt: number | undefined;
  readonly consecutiveFailures: number;
  readonly failingSince: number | undefined;
  readonly trips: number;
  readonly taken: readonly RateSlice[] | undefined;
}

export interface SettingRecord {
  readonly key: string;
  readonly value: string;
}

/** One line of the journal. */
export type RowRecord =
  | { readonly message: MessageRecord; readonly text?: string }
  | { readonly fanOut: FanOutRecord }
  | { readonly delivery: DeliveryRecord }
  | { readonly attempt: AttemptRecord }
  | { readonly lane: LaneRecord }
  | { readonly endpoint: SealedEndpoint }
  | { readonly setting: SettingRecord }
  /** A message goes with its deliveries and attempts. */
  | { readonly gone: GoneRecord };

/** What is there no longer. */
export type GoneRecord =
  | { readonly message: number }
  | { readonly lane: string }
  | { readonly endpoint: string }
  | { readonly setting: string };

// Member by member, here and below: objects that are spread cost several times as much, and these are made for every delivery.

/** The data of a message as the text of its line; `undefined` when somebody wrote it in several lines. */
export function messageText({ message: { dataJson } }: MessageRow): string | undefined {
  return dataJson.includes('\n') ? undefined : dataJson;
}

export function messageRecord(row: MessageRow): RowRecord {
  const { sequence, message, fingerprint, createdAt, idempotentUntil, fannedOut } = row;
  return {
    message: {
      id: message.id,
      tenant: message.tenant,
      type: message.type,
      dataJson: messageText(row) === undefined ? message.dataJson : undefined,
      timestamp: message.timestamp,
      idempotencyKey: message.idempotencyKey,
      orderingKey: message.orderingKey,
      metadata: message.metadata,
      trace: message.trace,
      addressed: message.addressed,
      test: message.test,
      sequence,
      fingerprint,
      createdAt,
      idempotentUntil: idempotentUntil === Infinity ? undefined : idempotentUntil,
      fannedOut,
    },
  };
}

export function fanOutRecord(row: MessageRow): RowRecord {
  const { sequence, fannedOut, fanOutLease, fanOutUntil, finishedAt } = row;
  return { fanOut: { message: sequence, fannedOut, lease: fanOutLease, until: fanOutUntil, finishedAt } };
}

export function deliveryRecord(row: DeliveryRow): RowRecord {
  const { lease, leasedAt, leaseUntil, holder, cancelled } = row;
  const { endpointId } = row.ledger;
  return {
    delivery: {
      sequence: row.sequence,
      id: row.id,
      message: row.message.sequence,
      endpoint: endpointId,
      lane: row.lane.id === endpointId ? undefined : row.lane.id,
      orderingKey: row.orderingKey,
      createdAt: row.createdAt,
      state: row.state,
      reason: row.reason,
      attempts: row.attempts,
      attemptsBeforeRun: row.attemptsBeforeRun,
      rescues: row.rescues,
      faults: row.faults,
      dueAt: row.dueAt,
      firstAttemptAt: row.firstAttemptAt,
      finishedAt: row.finishedAt,
      lease:
        lease === undefined
          ? undefined
          : { token: lease, at: leasedAt, until: leaseUntil, holder, cancelled },
    },
  };
}

export function attemptRecord({ sequence, delivery, startedAt, attempt }: AttemptRow): RowRecord {
  return {
    attempt: {
      outcome: attempt.outcome,
      reason: attempt.reason,
      detail: attempt.detail,
      attempt: attempt.attempt,
      durationMs: attempt.durationMs,
      response: attempt.response,
      traceparent: attempt.traceparent,
      sequence,
      message: delivery.message.sequence,
      delivery: delivery.sequence,
      startedAt,
    },
  };
}

export function laneRecord(row: LaneRow, owned: boolean): RowRecord {
  const { id, paused, blockedUntil, blockedReason, succeeded, failed, lastTriggeredAt } = row;
  const { consecutiveFailures, failingSince, trips, rate } = row;
  const taken = rate?.slices;
  return {
    lane: {
      id,
      owned,
      paused,
      blockedUntil,
      blockedReason,
      succeeded,
      failed,
      lastTriggeredAt,
      consecutiveFailures,
      failingSince,
      trips,
      taken,
    },
  };
}

export function endpointRecord({ record }: EndpointRow, keyring: Keyring | undefined): RowRecord {
  return { endpoint: sealEndpoint(record, keyring) };
}

/** The message of a record, its members all there. */
export function toMessage(record: MessageRecord, text: string | undefined): Message {
  return {
    id: record.id,
    tenant: record.tenant,
    type: record.type,
    dataJson: record.dataJson ?? text ?? '',
    timestamp: record.timestamp,
    idempotencyKey: record.idempotencyKey,
    orderingKey: record.orderingKey,
    metadata: record.metadata,
    trace: record.trace,
    addressed: record.addressed,
    test: record.test,
  };
}

/** The attempt of a record, its members all there. */
export function toNewAttempt(record: AttemptRecord): NewAttempt {
  return {
    outcome: record.outcome,
    reason: record.reason,
    detail: record.detail,
    attempt: record.attempt,
    durationMs: record.durationMs,
    response: record.response,
    traceparent: record.traceparent,
  };
}
