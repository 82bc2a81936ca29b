import type { Lease, RenewParams } from '../../store.ts';
import type { TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import { heldColumns, lockHeldAlone } from './held-deliveries.ts';

const RENEWED = heldColumns([]);

const prolong: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.deliveries,
    rows: dialect.rows('renewed', { seq: 'int' }),
    on: dialect.is('t.seq', 'renewed.seq'),
    changes: { lease_until: ':until' },
  });

/** Prolongs leases; answers those that are no longer held. */
export const renew: Operation<RenewParams, readonly Lease[]> = {
  isTransaction: true,
  *script(db, { leases, leaseMs }) {
    const held = yield* lockHeldAlone(db, RENEWED, leases);
    const rows = leases.map((lease) => held.get(lease)).filter((row) => row !== undefined);
    if (rows.length > 0) {
      const until = (yield* db.now()) + leaseMs;
      yield* db.run(prolong, { renewed: rows.map(({ seq }) => [Number(seq)]), until });
    }
    return leases.filter((lease) => held.get(lease) === undefined);
  },
};
