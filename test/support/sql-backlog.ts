import type { Database } from '../../src/store/sql/database.ts';
import type { Script } from '../../src/store/sql/script.ts';

/** Deliveries of each kind. */
const EACH = 20_000;

/**
 * Fills a database with 50,000 messages and 100,000 deliveries: in the lane `hot` some that wait and twice as many that are done, some in the lane
 * `paused`, and in the lane `ordered` some that wait for one another; 2,000 lanes that wait for later, and fifty leases of `lane_1` that expired.
 */
export function* fillBacklog(db: Database, now: number): Script<void> {
  const { names } = db;
  const from = (count: number): string =>
    db.dialect.name === 'postgres'
      ? `generate_series(1, ${count}) as g(n)`
      : `(with recursive c(n) as (select 1 union all select n + 1 from c where n < ${count}) select n from c) as g`;
  const due = now - 10;
  const lane = (id: string, paused: number, readyAt: string, source: string): string =>
    `insert into ${names.lanes} (id, paused, blocked_until, ready_at, turns)
     select ${id}, ${paused}, 0, ${readyAt}, 0 from ${source}`;
  const deliveries = (laneId: string, prefix: string, columns: Readonly<Record<string, string>>): string =>
    `insert into ${names.deliveries} (id, message_seq, endpoint_id, lane_id, tenant, type, test, attempts, attempts_before_run, rescues, faults,
       due_at, created_at, ${Object.keys(columns).join(', ')})
     select '${prefix}' || seq, seq, '${prefix}', '${laneId}', 'default', 'a.b', 0, 0, 0, 0, 0,
       ${due}, ${now}, ${Object.values(columns).join(', ')} from ${names.messages}`;
  const waiting = { state: `'scheduled'`, ready_at: String(due) };
  const statements = [
    lane(`'lane_' || n`, 0, `${now + 1_000_000} + n`, from(2_000)),
    lane(`'hot'`, 0, String(due), from(1)),
    lane(`'paused'`, 1, 'null', from(1)),
    lane(`'ordered'`, 0, String(due), from(1)),
    `insert into ${names.messages} (id, tenant, type, data, happened_at, addressed, test, created_at, unmatched, held_key)
     select 'msg_' || n, 'default', 'a.b', '{}', 0, 0, 0, ${now}, case when n % 5000 = 0 then 1 end, 'held_' || n from ${from(50_000)}`,
    `${deliveries('hot', 'hot', waiting)} where seq <= ${EACH}`,
    `${deliveries('hot', 'done', { state: `'succeeded'`, finished_at: String(now) })} where seq <= ${2 * EACH}`,
    `${deliveries('paused', 'paused', waiting)} where seq <= ${EACH}`,
    `${deliveries('ordered', 'ordered', {
      state: `'scheduled'`,
      ready_at: `case when seq = 1 then ${due} end`,
      ordering_key: `'key'`,
      open_key: `'key'`,
      active_key: `case when seq = 1 then 'key' end`,
    })} where seq <= ${EACH}`,
    `${deliveries('lane_1', 'expired', {
      state: `'sending'`,
      lease: `'token'`,
      lease_until: String(now - 1),
      leased_at: String(now - 100),
    })} where seq <= 50`,
  ];
  for (const sql of statements) yield { sql, parameters: [], isFixed: false };
  const analyzed = db.dialect.name === 'postgres' ? [names.messages, names.deliveries, names.lanes] : [''];
  for (const table of analyzed) yield { sql: `analyze ${table}`, parameters: [], isFixed: false };
}
