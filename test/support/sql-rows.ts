import type { Database } from '../../src/store/sql/database.ts';
import type { Row, Script } from '../../src/store/sql/script.ts';

/** Runs a statement that a test wrote. */
export function* statement(sql: string, parameters: readonly unknown[] = []): Script<readonly Row[]> {
  const { rows } = yield { sql, parameters, isFixed: false };
  return rows;
}

/** How to say some things in the database of a test. */
interface Words {
  /** A table of the numbers from 1 to `count`, as `i`. */
  readonly numbers: (count: number) => string;
  readonly text: (prefix: string, number: string) => string;
  readonly analyze: string;
}

const WORDS: Readonly<Record<Database['dialect']['name'], Words>> = {
  sqlite: {
    numbers: (count) =>
      `(with recursive s(i) as (select 1 union all select i + 1 from s where i < ${count}) select i from s)`,
    text: (prefix, number) => `'${prefix}' || ${number}`,
    // The store does not do it either.
    analyze: '',
  },
  postgres: {
    numbers: (count) => `generate_series(1, ${count}) as s(i)`,
    text: (prefix, number) => `'${prefix}' || ${number}`,
    analyze: 'analyze',
  },
  mysql: {
    numbers: (count) => `(select seq as i from seq_1_to_${count}) s`,
    text: (prefix, number) => `concat('${prefix}', ${number})`,
    analyze: 'analyze table',
  },
};

/** What {@link fillRows} makes of the number `i`, as expressions. */
export interface FilledDeliveries {
  readonly state: string;
  readonly endpoint: string;
  readonly tenant: string;
  /** Null unless it can be claimed. */
  readonly readyAt: string;
}

/** Stores `count` messages `msg_i`, with a delivery `dlv_i` and an attempt each, all made at `i`. Endpoints and lanes are `ep_…`. */
export function* fillRows(db: Database, count: number, filled: FilledDeliveries): Script<void> {
  const { numbers, text, analyze } = WORDS[db.dialect.name];
  const { messages, deliveries, attempts } = db.names;
  const endpoint = text('ep_', filled.endpoint);
  yield* statement(
    `insert into ${messages} (seq, id, tenant, type, happened_at, created_at, addressed, test, data)
     select i, ${text('msg_', 'i')}, ${filled.tenant}, 'job.done', i, i, 0, 0, '{}' from ${numbers(count)}`,
  );
  yield* statement(
    `insert into ${deliveries} (seq, id, message_seq, endpoint_id, lane_id, tenant, type, test, state, attempts, attempts_before_run,
       rescues, faults, due_at, ready_at, lease_until, created_at, first_attempt_at, finished_at)
     select i, ${text('dlv_', 'i')}, i, ${endpoint}, ${endpoint}, ${filled.tenant}, 'job.done', 0, ${filled.state}, 1, 0, 0, 0, i,
       ${filled.readyAt}, case when ${filled.state} = 'sending' then i end, i, i, case when ${filled.state} in ('scheduled', 'sending') then null else i end
     from ${numbers(count)}`,
  );
  yield* statement(
    `insert into ${attempts} (seq, delivery_seq, started_at, duration_ms, attempt, endpoint_id, tenant, outcome)
     select i, i, i, 20, 1, ${endpoint}, ${filled.tenant}, 'delivered' from ${numbers(count)}`,
  );
  if (analyze === '') return;
  for (const table of [messages, deliveries, attempts]) yield* statement(`${analyze} ${table}`);
}
