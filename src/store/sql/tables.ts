/**
 * The tables of the store, as scripts see them. Names carry a prefix, and on Postgres perhaps a schema. All instants are epoch milliseconds;
 * flags are 0 or 1. Columns that end a wait are null when there is none, so that every index on them holds only what waits,
 * on MySQL too, which has no partial indexes.
 */

/** One emitted message. `seq` is the order of storing. */
export interface MessagesTable {
  readonly seq: number;
  readonly id: string;
  readonly tenant: string;
  readonly type: string;
  /** The data as JSON text. */
  readonly data: string;
  /** When the event happened. */
  readonly happened_at: number;
  readonly idempotency_key: string | null;
  /** The idempotency key while it is taken: unique per tenant. */
  readonly held_key: string | null;
  /** When the key is free again; null: with the message. */
  readonly held_until: number | null;
  readonly ordering_key: string | null;
  readonly fingerprint: string | null;
  readonly addressed: number;
  readonly test: number;
  /** JSON text: metadata and trace context. */
  readonly extra: string | null;
  readonly created_at: number;
  /** 1 until it is matched, then null. */
  readonly unmatched: number | null;
  readonly fan_out_lease: string | null;
  /** Once it is matched: when that was. Null: matched when it was stored. */
  readonly fan_out_until: number | null;
}

/** One delivery. `seq` is its sequence. */
export interface DeliveriesTable {
  readonly seq: number;
  readonly id: string;
  readonly message_seq: number;
  readonly endpoint_id: string;
  readonly lane_id: string;
  readonly tenant: string;
  readonly type: string;
  readonly test: number;
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
  /** Attempts before the current run of the retry policy. */
  readonly attempts_before_run: number;
  readonly rescues: number;
  readonly faults: number;
  readonly due_at: number;
  /** `due_at` while it may be claimed when due: scheduled, and the first unfinished one of its ordering key while no other one is leased. */
  readonly ready_at: number | null;
  readonly ordering_key: string | null;
  /** The ordering key while it is unfinished. */
  readonly open_key: string | null;
  /** The ordering key while `ready_at` is set or it is leased: at most two rows of a key. */
  readonly active_key: string | null;
  readonly lease: string | null;
  readonly lease_until: number | null;
  readonly leased_at: number | null;
  readonly owner: string | null;
  /** 1: its last lease was one of the `leases` of its lane. Says nothing once that has ended. */
  readonly counted: number | null;
  /** Why it is to be discarded instead of scheduled again: cancelled while `sending`. */
  readonly cancelled: string | null;
  readonly created_at: number;
  readonly first_attempt_at: number | null;
  readonly finished_at: number | null;
}

/** The attempt log. */
export interface AttemptsTable {
  readonly seq: number;
  readonly delivery_seq: number;
  readonly endpoint_id: string;
  readonly tenant: string;
  readonly attempt: number;
  readonly outcome: string;
  readonly reason: string | null;
  readonly started_at: number;
  readonly duration_ms: number;
  /** JSON text: detail, response, traceparent. */
  readonly extra: string | null;
}

/** One lane; made when first needed. */
export interface LanesTable {
  readonly id: string;
  readonly paused: number;
  /** 1: its endpoint is disabled, and keeps what waits; null otherwise. Follows the record. */
  readonly held: number | null;
  /** 0 when not blocked. */
  readonly blocked_until: number;
  readonly blocked_reason: string | null;
  readonly rate_limit: number | null;
  readonly rate_interval_ms: number | null;
  /** JSON text: what was leased within the interval. */
  readonly rate_log: string | null;
  /**
   * When a claim is to look at the lane; null: paused, held, or nothing waits. It may be too early, never too late: whoever makes a delivery
   * ready writes it in the same transaction, holding the lock of this row.
   */
  readonly ready_at: number | null;
  /** How often it had its turn: among lanes ready since the same instant the one served least comes first. */
  readonly turns: number;
  /** Most deliveries that are leased at a time; null: no limit. */
  readonly max_leases: number | null;
  /** Deliveries that are leased and `counted`, while there is such a limit. Whoever ends such a lease takes it off, holding the lock of this row. */
  readonly leases: number | null;
  /**
   * 1: the claim that last looked at the lane found as many leases as there may be, and a delivery that waits. `ready_at` is null then, however
   * many more become ready, until one of the leases ends.
   */
  readonly is_full: number | null;
  /** How often in a row its breaker has opened; null: it is closed. */
  readonly trips: number | null;
}

/** What became of the deliveries of a lane, since its endpoint was created. Apart from the lane, whose lock a claim needs: every outcome is added here. */
export interface TotalsTable {
  readonly lane_id: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly last_triggered_at: number | null;
  readonly consecutive_failures: number;
  readonly failing_since: number | null;
}

/** Endpoints, hidden ones included. `seq` is the order of creation. */
export interface EndpointsTable {
  readonly seq: number;
  readonly id: string;
  readonly tenant: string;
  readonly lane_id: string;
  readonly hidden: number;
  readonly revision: number;
  readonly created_at: number;
  readonly updated_at: number;
  /** The record as JSON text, secrets sealed. */
  readonly record: string;
}

/** Attempts of an endpoint, counted by the minute of their start, outcome and bucket of `LATENCY_BOUNDS_MS`; -1 when there was no response. */
export interface CountsTable {
  readonly endpoint_id: string;
  readonly tenant: string;
  readonly minute_at: number;
  readonly outcome: string;
  readonly bucket: number;
  readonly attempts: number;
  readonly longest_ms: number;
  readonly last_at: number;
}

export interface SettingsTable {
  readonly name: string;
  readonly value: string;
}

/** Changes of endpoints and settings, for processes that look for them; numbered in the order of commits. */
export interface ChangesTable {
  readonly number: number;
  readonly kind: string;
  readonly ref: string | null;
}

/** All tables by name. */
export interface Tables {
  messages: MessagesTable;
  deliveries: DeliveriesTable;
  attempts: AttemptsTable;
  lanes: LanesTable;
  totals: TotalsTable;
  endpoints: EndpointsTable;
  counts: CountsTable;
  settings: SettingsTable;
  changes: ChangesTable;
}

export const TABLES = [
  'messages',
  'deliveries',
  'attempts',
  'lanes',
  'totals',
  'endpoints',
  'counts',
  'settings',
  'changes',
] as const satisfies readonly (keyof Tables)[];

/** Full names of the tables, with prefix and schema. */
export type TableNames = Readonly<Record<keyof Tables, string>>;

/** Full names: `posthorn_messages`, or `jobs.posthorn_messages` in a schema. */
export function nameTables(prefix: string, schema?: string): TableNames {
  const qualifier = schema === undefined ? '' : `${schema}.`;
  return Object.fromEntries(
    TABLES.map((table) => [table, `${qualifier}${prefix}${table}`]),
  ) as unknown as TableNames;
}
