import type { ClaimFanOutParams, FanOutClaim } from '../../store.ts';
import type { Database, TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import { MESSAGE_COLUMNS, toMessage } from '../rows/message-row.ts';
import type { Script } from '../script.ts';
import { type KeyedRow, takeKeys } from './take-keys.ts';

/** With the flag as a range, only its index has rows in this order: a database that takes many for unmatched would walk the primary key. */
const lockUnmatched: TemplateText = (db) =>
  `select ${MESSAGE_COLUMNS}, m.held_key, m.held_until from ${db.names.messages} m${db.byIndex('messages_unmatched')}
   where m.unmatched >= 1 and (m.fan_out_until is null or m.fan_out_until <= :now)
   order by m.unmatched, m.seq limit :limit${db.dialect.skipLocked}`;

const lease: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.messages,
    rows: dialect.rows('claimed', { seq: 'int' }),
    on: 't.seq = claimed.seq',
    changes: { fan_out_lease: ':lease', fan_out_until: ':until' },
  });

/** Leases messages that are not matched yet, oldest first. Costs as much as there are leased ones before them. */
export const claimFanOut: Operation<ClaimFanOutParams, readonly FanOutClaim[]> = {
  isTransaction: true,
  *script(db, params) {
    const now = yield* db.now();
    const rows = yield* claimRows(db, now, params.limit);
    if (rows.length === 0) return [];
    const claimed = rows.map(({ seq }) => [Number(seq)] as const);
    yield* db.run(lease, { claimed, lease: params.lease, until: now + params.leaseMs });
    return rows.map((row) => ({ message: toMessage(row), lease: params.lease }));
  },
};

/** None: there are none left. So it goes on, should all that it found be removed. */
function* claimRows(db: Database, now: number, limit: number): Script<readonly KeyedRow[]> {
  for (;;) {
    const found = yield* db.query<KeyedRow>(lockUnmatched, { now, limit });
    const rows = yield* takeKeys(db, found);
    if (rows.length > 0 || found.length === 0) return rows;
  }
}
