import type { DialectName } from '../dialect.ts';
import type { TableNames } from '../tables.ts';
import { createTable, type TableDefinition } from './define-table.ts';

/** Rows that change often leave room beside them, and are cleaned up early: dead rows would slow every claim down. */
const BUSY =
  'fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0';
const SMALL_AND_BUSY = 'fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05';

/**
 * A tenant of its own is worth an index; the one that everybody has is not. A query says `tenant <> 'default'` besides the tenant it looks for, to use it.
 */
const OF_NAMED_TENANT = `tenant <> 'default'`;

/**
 * Those that people look for among many that went well. A query says so besides the state it looks for, to use the index. What is being sent is left out, so that
 * leasing writes two entries less: there are few of those, and the index of leases has them.
 */
const RESTING = `state <> 'succeeded' and state <> 'sending'`;

const TABLES = {
  messages: {
    columns: {
      seq: 'seq',
      id: 'key',
      tenant: 'key',
      type: 'key',
      happened_at: 'int',
      created_at: 'int',
      addressed: 'int',
      test: 'int',
      unmatched: 'int?',
      fan_out_lease: 'key?',
      fan_out_until: 'int?',
      idempotency_key: 'key?',
      held_key: 'key?',
      held_until: 'int?',
      ordering_key: 'key?',
      fingerprint: 'key?',
      extra: 'text?',
      data: 'text',
    },
    indexes: [
      { name: 'messages_id', columns: ['id'], isUnique: true },
      {
        name: 'messages_held_key',
        columns: ['tenant', 'held_key'],
        mysqlColumns: ['held_key', 'tenant'],
        isUnique: true,
        where: 'held_key is not null',
      },
      { name: 'messages_unmatched', columns: ['unmatched', 'seq'], where: 'unmatched is not null' },
      { name: 'messages_tenant', columns: ['tenant', 'seq'], where: OF_NAMED_TENANT },
    ],
  },
  deliveries: {
    columns: {
      seq: 'seq',
      message_seq: 'int',
      created_at: 'int',
      due_at: 'int',
      ready_at: 'int?',
      lease_until: 'int?',
      leased_at: 'int?',
      first_attempt_at: 'int?',
      finished_at: 'int?',
      attempts: 'int',
      attempts_before_run: 'int',
      rescues: 'int',
      faults: 'int',
      test: 'int',
      counted: 'int?',
      id: 'key',
      endpoint_id: 'key',
      lane_id: 'key',
      tenant: 'key',
      type: 'key',
      state: 'key',
      reason: 'key?',
      lease: 'key?',
      owner: 'key?',
      cancelled: 'key?',
      ordering_key: 'key?',
      open_key: 'key?',
      active_key: 'key?',
    },
    indexes: [
      { name: 'deliveries_id', columns: ['id'], isUnique: true },
      { name: 'deliveries_message', columns: ['message_seq', 'endpoint_id'], isUnique: true },
      { name: 'deliveries_endpoint', columns: ['endpoint_id', 'seq'] },
      { name: 'deliveries_state', columns: ['state', 'seq', 'attempts'], where: RESTING },
      {
        name: 'deliveries_endpoint_state',
        columns: ['endpoint_id', 'state', 'seq', 'attempts'],
        where: RESTING,
      },
      {
        name: 'deliveries_ready',
        columns: ['lane_id', 'ready_at', 'seq'],
        where: 'ready_at is not null',
      },
      { name: 'deliveries_lease', columns: ['lease_until'], where: 'lease_until is not null' },
      {
        name: 'deliveries_open_key',
        columns: ['endpoint_id', 'open_key', 'seq'],
        mysqlColumns: ['open_key', 'endpoint_id', 'seq'],
        where: 'open_key is not null',
      },
      {
        name: 'deliveries_active_key',
        columns: ['endpoint_id', 'active_key'],
        mysqlColumns: ['active_key', 'endpoint_id'],
        where: 'active_key is not null',
      },
      { name: 'deliveries_test', columns: ['state', 'attempts'], where: 'test = 1', isPartialOnly: true },
      { name: 'deliveries_tenant', columns: ['tenant', 'seq'], where: OF_NAMED_TENANT },
    ],
  },
  attempts: {
    columns: {
      seq: 'seq',
      delivery_seq: 'int',
      started_at: 'int',
      duration_ms: 'int',
      attempt: 'int',
      endpoint_id: 'key',
      tenant: 'key',
      outcome: 'key',
      reason: 'key?',
      extra: 'text?',
    },
    indexes: [
      { name: 'attempts_delivery', columns: ['delivery_seq', 'seq'] },
      { name: 'attempts_endpoint', columns: ['endpoint_id', 'seq'] },
      { name: 'attempts_tenant', columns: ['tenant', 'seq'], where: OF_NAMED_TENANT },
    ],
  },
  lanes: {
    columns: {
      id: 'key',
      paused: 'int',
      held: 'int?',
      blocked_until: 'int',
      blocked_reason: 'key?',
      rate_limit: 'int?',
      rate_interval_ms: 'int?',
      ready_at: 'int?',
      turns: 'int',
      trips: 'int?',
      max_leases: 'int?',
      leases: 'int?',
      is_full: 'int?',
      rate_log: 'text?',
    },
    primaryKey: ['id'],
    indexes: [{ name: 'lanes_ready', columns: ['ready_at', 'turns', 'id'], where: 'ready_at is not null' }],
  },
  totals: {
    columns: {
      lane_id: 'key',
      succeeded: 'int',
      failed: 'int',
      last_triggered_at: 'int?',
      consecutive_failures: 'int',
      failing_since: 'int?',
    },
    primaryKey: ['lane_id'],
    indexes: [],
  },
  endpoints: {
    columns: {
      seq: 'seq',
      id: 'key',
      tenant: 'key',
      lane_id: 'key',
      hidden: 'int',
      revision: 'int',
      created_at: 'int',
      updated_at: 'int',
      record: 'text',
    },
    indexes: [
      { name: 'endpoints_id', columns: ['id'], isUnique: true },
      { name: 'endpoints_tenant', columns: ['tenant', 'hidden', 'seq'] },
      { name: 'endpoints_hidden', columns: ['hidden', 'seq'] },
      { name: 'endpoints_lane', columns: ['lane_id'] },
    ],
  },
  counts: {
    columns: {
      endpoint_id: 'key',
      minute_at: 'int',
      outcome: 'key',
      bucket: 'int',
      tenant: 'key',
      attempts: 'int',
      longest_ms: 'int',
      last_at: 'int',
    },
    primaryKey: ['endpoint_id', 'minute_at', 'outcome', 'bucket'],
    indexes: [{ name: 'counts_minute', columns: ['minute_at'] }],
  },
  settings: {
    columns: { name: 'key', value: 'text' },
    primaryKey: ['name'],
    indexes: [],
  },
  changes: {
    columns: { number: 'int', kind: 'key', ref: 'key?' },
    primaryKey: ['number'],
    indexes: [],
  },
} as const satisfies Readonly<Record<string, TableDefinition>>;

const STORAGE: Readonly<Partial<Record<keyof typeof TABLES, string>>> = {
  deliveries: BUSY,
  lanes: SMALL_AND_BUSY,
  totals: SMALL_AND_BUSY,
  counts: SMALL_AND_BUSY,
  settings: SMALL_AND_BUSY,
};

/** The first version of the tables. Never to be changed once it is published: a later version changes what it made. */
export function createVersion1(dialect: DialectName, names: TableNames, prefix: string): readonly string[] {
  return [
    ...Object.entries(TABLES).flatMap(([name, definition]) => {
      const postgresStorage = STORAGE[name as keyof typeof TABLES];
      return createTable({
        dialect,
        table: names[name as keyof typeof TABLES],
        indexPrefix: prefix,
        definition,
        ...(postgresStorage !== undefined && { postgresStorage }),
      });
    }),
    // Once only: on MySQL a migration may end halfway, and is begun again.
    `insert into ${names.settings} (name, value) select 'sql.changes', '0' from (select 1 as one) as source
where not exists (select 1 from ${names.settings} where name = 'sql.changes')`,
  ];
}
