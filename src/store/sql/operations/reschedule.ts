import { sql } from 'kysely';
import { type Delivery, DELIVERY_STATES, type DeliveryState, isFinalState } from '../../../core/delivery.ts';
import { type DeliveryEvent, transition } from '../../../core/transition.ts';
import type { RescheduleParams } from '../../store.ts';
import type { Database, TemplateText } from '../database.ts';
import { selectDeliveryPage } from '../delivery-pages.ts';
import type { Operation } from '../operation.ts';
import { DELIVERY_COLUMNS, type DeliveryRow, toDelivery, toSnapshot } from '../rows/delivery-row.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { type SeqPage, toSeqPage } from '../seq-page.ts';
import { queryBuilder, tableAs } from '../query-builder.ts';
import { allOf, type Condition } from '../where.ts';
import { LaneChanges } from './lane-changes.ts';
import { lockLanes } from './lanes.ts';
import { lockLeased } from './lock-leased.ts';
import { type Move, writeTransitions } from './transitions.ts';
import { writeLaneChanges } from './write-lane-changes.ts';

/** A batch to move: `after` is the number of the last delivery of the batch before. */
export type RescheduleOperation = Pick<RescheduleParams, 'where' | 'limit'> & {
  readonly event: RescheduleEvent;
  readonly after: number | undefined;
};

/** What happens to the deliveries. */
export type RescheduleEvent = Extract<DeliveryEvent, { kind: 'retry_requested' | 'discard_requested' }>;

const NO_LIMITS = { maxRescues: Infinity, maxFaults: Infinity, faultDelayMs: 0 };

const SELECT = `select ${DELIVERY_COLUMNS}, m.id as message_id`;

const selectBySeq: TemplateText = ({ names, dialect }) =>
  `${SELECT} from ${dialect.rows('wanted', { seq: 'int' })} ${dialect.lookup} ${names.deliveries} d on ${dialect.is('d.seq', 'wanted.seq')}
   join ${names.messages} m on ${dialect.is('m.seq', 'd.message_seq')} order by ${dialect.value('d.seq')}`;

const cancelSending: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.deliveries,
    rows: dialect.rows('wanted', { seq: 'int' }),
    on: dialect.is('t.seq', 'wanted.seq'),
    changes: { cancelled: `coalesce(t.cancelled, ${dialect.text(':reason')})` },
  });

/**
 * Moves a batch of deliveries, oldest first. Answers with those that were moved, as they are now.
 *
 * They are chosen without locks, and read again under those of their lanes: nobody else moves them then, but retention may remove a
 * finished one, and one that is being sent may end.
 */
export const reschedule: Operation<RescheduleOperation, SeqPage<Delivery>> = {
  isTransaction: true,
  *script(db, params) {
    const { event, limit } = params;
    const now = yield* db.now();
    const page = toSeqPage(yield* selectCandidates(db, params), limit, (row) => row);
    if (page.items.length === 0) return { items: [], next: page.next };
    yield* lockLanes(
      db,
      page.items.map(({ lane_id }) => lane_id),
    );
    const rows = yield* db.query<DeliveryRowOfMessage>(selectBySeq, { wanted: toSeqs(page.items) });
    const lanes = new LaneChanges();
    const moves = planMoves(rows, event);
    yield* writeTransitions(db, now, moves, lanes);
    yield* writeLaneChanges(db, lanes);
    const marked = yield* markSending(db, rows, event);
    const wanted = [...toSeqs(moves.map(({ row }) => row)), ...marked];
    const items = yield* db.query<DeliveryRowOfMessage>(selectBySeq, { wanted });
    return { items: items.map(toDelivery), next: page.next };
  },
};

type DeliveryRowOfMessage = DeliveryRow & { readonly message_id: string };
type Seqs = readonly (readonly [seq: number])[];

/** Deliveries that the event may move, one more than fit into the batch. */
function* selectCandidates(
  db: Database,
  { where, event, after = 0, limit }: RescheduleOperation,
): Script<readonly { readonly seq: NumberColumn; readonly lane_id: string }[]> {
  const states = (where.states ?? DELIVERY_STATES).filter((state) => isMovable(state, event));
  const count = limit + 1;
  const build = (conditions: readonly Condition[]) =>
    queryBuilder(db)
      .selectFrom(tableAs(db.names, 'deliveries', 'd'))
      .select(['d.seq', 'd.lane_id'])
      .where(allOf([...conditions, sql`d.seq > ${after}`]))
      .orderBy('d.seq')
      .limit(sql.lit(count));
  return yield* selectDeliveryPage(db, { where: { ...where, states }, order: 'oldest', count, build });
}

function isMovable(state: DeliveryState, { kind }: RescheduleEvent): boolean {
  return kind === 'retry_requested' ? state !== 'sending' : !isFinalState(state);
}

function planMoves(rows: readonly DeliveryRow[], event: RescheduleEvent): readonly Move[] {
  return rows.flatMap((row) => {
    const next = transition(toSnapshot(row), event, NO_LIMITS);
    return next === undefined ? [] : [{ row, next }];
  });
}

/** The state machine leaves an attempt that runs alone; the row remembers the wish until its outcome is written. Those that are marked. */
function* markSending(db: Database, rows: readonly DeliveryRow[], event: RescheduleEvent): Script<Seqs> {
  if (event.kind !== 'discard_requested') return [];
  const locked = yield* lockLeased(
    db,
    rows.filter(({ state }) => state === 'sending'),
  );
  const wanted = locked.map((seq) => [Number(seq)] as const);
  if (wanted.length > 0) yield* db.run(cancelSending, { wanted, reason: event.reason });
  return wanted;
}

function toSeqs(rows: readonly Pick<DeliveryRow, 'seq'>[]): Seqs {
  return rows.map(({ seq }) => [Number(seq)]);
}
