import type { ClaimFanOutParams, FanOutClaim } from '../../store.ts';
import type { TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import { MESSAGE_COLUMNS, type MessageRow, toMessage } from '../rows/message-row.ts';

/** With the flag as a range, only its index has rows in this order: a database that takes many for unmatched would walk the primary key. */
const lockUnmatched: TemplateText = (db) =>
  `select ${MESSAGE_COLUMNS} from ${db.names.messages} m${db.byIndex('messages_unmatched')}
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
    const rows = yield* db.query<MessageRow>(lockUnmatched, { now, limit: params.limit });
    if (rows.length === 0) return [];
    const claimed = rows.map(({ seq }) => [Number(seq)] as const);
    yield* db.run(lease, { claimed, lease: params.lease, until: now + params.leaseMs });
    return rows.map((row) => ({ message: toMessage(row), lease: params.lease }));
  },
};
