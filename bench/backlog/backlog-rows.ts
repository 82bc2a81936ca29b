/** Rows of deliveries that wait, as SQL: written straight into the tables, a million of them take seconds. */
import { DEFAULT_PREFIX } from '../../src/store/sql/schema/table-place.ts';
import {
  nameTables,
  type DeliveriesTable,
  type LanesTable,
  type MessagesTable,
} from '../../src/store/sql/tables.ts';

/** An endpoint that deliveries wait for. Its lane has the same id. */
export interface BacklogEndpoint {
  readonly id: string;
  readonly isPaused?: boolean;
  readonly isBlocked?: boolean;
}

/** What waits. */
export interface Backlog {
  readonly messages: number;
  /** Each message has one delivery for each group: to one of its endpoints, by turns. */
  readonly groups: readonly (readonly BacklogEndpoint[])[];
  /** `later`: all failed once and are due in an hour and more; `overdue`: due since they were stored, a moment ago. */
  readonly due: 'later' | 'overdue';
}

const HOUR_MS = 3_600_000;
const TYPE = 'backlog.completed';
const names = nameTables(DEFAULT_PREFIX);

/** Tables that are filled. */
export const FILLED_TABLES: readonly string[] = [names.messages, names.deliveries];

/**
 * Statements that store a backlog.
 *
 * @param randomText - expression: a random text, another one in each row
 * @param now - epoch ms
 */
export function backlogStatements(backlog: Backlog, randomText: string, now: number): readonly string[] {
  const firstDueAt = backlog.due === 'later' ? now + HOUR_MS : now - backlog.messages;
  return [
    insertMessages(backlog, randomText, now),
    ...backlog.groups.flatMap((group) => [
      insertDeliveries(group, backlog, randomText, { now, firstDueAt }),
      ...group.map((endpoint) => insertLane(endpoint, { now, firstDueAt })),
    ]),
  ];
}

/** Counts deliveries of the backlog that are as they were stored. */
export function countUntouched({ groups, due }: Backlog): string {
  const ids = groups.flat().map(({ id }) => `'${id}'`);
  return `select count(*) as waiting from ${names.deliveries}
    where endpoint_id in (${ids.join(', ')}) and state = 'scheduled' and attempts = ${attemptsOf(due)}`;
}

function attemptsOf(due: Backlog['due']): number {
  return due === 'later' ? 1 : 0;
}

type Columns<Row> = Readonly<Record<Exclude<keyof Row, 'seq'>, string>>;

function insertMessages({ messages }: Backlog, randomText: string, now: number): string {
  const columns: Columns<MessagesTable> = {
    id: `'msg_' || ${randomText}`,
    tenant: `'default'`,
    type: `'${TYPE}'`,
    data: `'{"number":' || number || '}'`,
    happened_at: `${now}`,
    idempotency_key: 'null',
    held_key: 'null',
    held_until: 'null',
    ordering_key: 'null',
    fingerprint: 'null',
    addressed: '0',
    test: '0',
    extra: 'null',
    created_at: `${now}`,
    unmatched: 'null',
    fan_out_lease: 'null',
    fan_out_until: 'null',
  };
  return `with recursive numbers(number) as (select 1 where ${messages} > 0 union all select number + 1 from numbers where number < ${messages})
    insert into ${names.messages} ${toInsert(columns)} from numbers`;
}

interface Instants {
  readonly now: number;
  readonly firstDueAt: number;
}

function insertDeliveries(
  group: readonly BacklogEndpoint[],
  { due }: Backlog,
  randomText: string,
  { now, firstDueAt }: Instants,
): string {
  const columns: Columns<DeliveriesTable> = {
    id: `'dlv_' || ${randomText}`,
    message_seq: 'm.seq',
    endpoint_id: 'e.id',
    lane_id: 'e.id',
    tenant: 'm.tenant',
    type: 'm.type',
    test: '0',
    state: `'scheduled'`,
    reason: 'null',
    attempts: `${attemptsOf(due)}`,
    attempts_before_run: '0',
    rescues: '0',
    faults: '0',
    due_at: `${firstDueAt} + m.seq`,
    ready_at: `${firstDueAt} + m.seq`,
    ordering_key: 'null',
    open_key: 'null',
    active_key: 'null',
    lease: 'null',
    lease_until: 'null',
    leased_at: 'null',
    counted: 'null',
    owner: 'null',
    cancelled: 'null',
    created_at: `${now}`,
    first_attempt_at: due === 'later' ? `${now}` : 'null',
    finished_at: 'null',
  };
  const endpoints = group.map(({ id }, index) => `(${index}, '${id}')`).join(', ');
  return `with e(number, id) as (values ${endpoints})
    insert into ${names.deliveries} ${toInsert(columns)} from ${names.messages} m
    join e on e.number = m.seq % ${group.length} order by m.seq`;
}

function insertLane({ id, isPaused, isBlocked }: BacklogEndpoint, { now, firstDueAt }: Instants): string {
  const blockedUntil = isBlocked === true ? now + 24 * HOUR_MS : 0;
  const columns: Readonly<Record<keyof LanesTable, string>> = {
    id: `'${id}'`,
    paused: isPaused === true ? '1' : '0',
    held: 'null',
    blocked_until: `${blockedUntil}`,
    blocked_reason: isBlocked === true ? `'retry_after'` : 'null',
    rate_limit: 'null',
    rate_interval_ms: 'null',
    rate_log: 'null',
    max_leases: 'null',
    leases: 'null',
    is_full: 'null',
    ready_at: isPaused === true ? 'null' : `${Math.max(firstDueAt, blockedUntil)}`,
    turns: '0',
    trips: 'null',
  };
  return `insert into ${names.lanes} ${toInsert(columns)} where 1 = 1 on conflict (id) do update set
    ${Object.keys(columns)
      .map((column) => `${column} = excluded.${column}`)
      .join(', ')}`;
}

function toInsert(columns: Readonly<Record<string, string>>): string {
  return `(${Object.keys(columns).join(', ')}) select ${Object.values(columns).join(', ')}`;
}
