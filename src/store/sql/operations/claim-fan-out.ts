import type { ClaimFanOutParams, ClaimFanOutResult } from '../../store.ts';
import type { TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import { MESSAGE_COLUMNS, toMessage } from '../rows/message-row.ts';
import { lockTurn, takeTurn } from './fan-out-turn.ts';
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
    on: dialect.is('t.seq', 'claimed.seq'),
    changes: { fan_out_lease: ':lease', fan_out_until: ':until' },
  });

const hasUnmatched: TemplateText = (db) =>
  `select 1 as one from ${db.names.messages} m${db.byIndex('messages_unmatched')} where m.unmatched >= 1 limit 1`;

/** What a step of a claim found. */
export interface FanOutStep extends ClaimFanOutResult {
  /** All that it found were removed: there may be more. */
  readonly isUnfinished: boolean;
}

const NOTHING: FanOutStep = { claims: [], busy: false, isUnfinished: false };

/** Leases messages that are not matched yet, oldest first. Costs as much as there are leased ones before them. */
export const claimFanOut: Operation<ClaimFanOutParams, FanOutStep> = {
  isTransaction: true,
  *script(db, params) {
    // Most calls find nothing; only others wait for a lock.
    if ((yield* db.query(hasUnmatched, {})).length === 0) return NOTHING;
    const isFree = yield* lockTurn(db);
    if (!isFree) return { ...NOTHING, busy: true };
    const now = yield* db.now();
    const found = yield* db.query<KeyedRow>(lockUnmatched, { now, limit: params.limit });
    const rows = yield* takeKeys(db, found);
    if (rows.length === 0) return { ...NOTHING, isUnfinished: found.length > 0 };
    const claimed = rows.map(({ seq }) => [Number(seq)] as const);
    const until = now + params.leaseMs;
    yield* db.run(lease, { claimed, lease: params.lease, until });
    yield* takeTurn(db, params.lease, until);
    const claims = rows.map((row) => ({ message: toMessage(row), lease: params.lease }));
    return { ...NOTHING, claims };
  },
};
