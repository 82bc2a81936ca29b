import type { Lease } from '../../store.ts';
import type { Database, TemplateText } from '../database.ts';
import type { DeliveryRow } from '../rows/delivery-row.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { lockLanes } from './lanes.ts';

type LeaseProof = Pick<Lease, 'deliveryId' | 'lease'>;

/** Only what is leased has a lease. The state is not asked for: it has an index, which would look better than it is. */
const selectPlaces: TemplateText = ({ names, dialect }) =>
  `select d.seq, d.id, d.lane_id, d.lease, d.ordering_key, d.counted from ${dialect.each('held', { id: 'text', lease: 'text' })}
   ${dialect.lookup} ${names.deliveries} d on ${dialect.is('d.id', 'held.id')} and d.lease = held.lease${dialect.inOrderOf('held')}`;

/** What is read of deliveries that are held: by those who need few columns few, because each costs as much as it would to write it. */
export interface HeldColumns<Column extends keyof DeliveryRow> {
  /** By place, to be locked. */
  readonly lock: TemplateText;
  /** Where a transaction owns the whole database: at once, in no order. */
  readonly select: TemplateText;
  readonly columns: readonly Column[];
}

/** Every read of held deliveries has these. */
const PROOF = ['seq', 'id', 'lease'] as const;
type HeldRow<Column extends keyof DeliveryRow> = Pick<DeliveryRow, (typeof PROOF)[number] | Column>;

/** Prepares reading so much of deliveries that are held. */
export function heldColumns<Column extends keyof DeliveryRow>(
  columns: readonly Column[],
): HeldColumns<Column> {
  const list = [...PROOF, ...columns].map((column) => `d.${column}`).join(', ');
  return {
    columns,
    lock: ({ names, dialect }) =>
      `select ${list} from ${dialect.each('held', { seq: 'int', lease: 'text' })}
   ${dialect.lookup} ${names.deliveries} d${dialect.byPrimaryKey} on ${dialect.is('d.seq', 'held.seq')} and d.lease = held.lease${dialect.inOrderOf('held')}${dialect.forUpdate}`,
    select: ({ names, dialect }) =>
      `select ${list} from ${dialect.each('held', { id: 'text', lease: 'text' })}
   ${dialect.lookup} ${names.deliveries} d on ${dialect.is('d.id', 'held.id')} and d.lease = held.lease`,
  };
}

interface Place {
  readonly seq: NumberColumn;
  readonly id: string;
  readonly lane_id: string;
  readonly lease: string;
  readonly ordering_key: string | null;
  readonly counted: NumberColumn | null;
}

/**
 * The fence: locks the deliveries whose leases still stand, and before them the lanes in which something becomes ready. Each is answered once,
 * under the token with which it is leased.
 *
 * @param scheduled - those of the leases whose deliveries are to be scheduled again
 */
export function* lockHeld<Column extends keyof DeliveryRow>(
  db: Database,
  columns: HeldColumns<Column>,
  leases: readonly LeaseProof[],
  scheduled: readonly LeaseProof[],
): Script<HeldDeliveries<HeldRow<Column>>> {
  if (!db.dialect.locksRows) return yield* readHeld(db, columns, leases);
  const places = yield* findPlaces(db, leases);
  const again = new Set(scheduled.map(({ deliveryId, lease }) => `${deliveryId} ${lease}`));
  const woken = places.filter(
    // The next one of the ordering key, or of a full lane, has its turn, whatever becomes of this one.
    ({ id, lease, ordering_key, counted }) =>
      ordering_key !== null || Number(counted) === 1 || again.has(`${id} ${lease}`),
  );
  yield* lockLanes(
    db,
    woken.map(({ lane_id }) => lane_id),
  );
  return yield* lockPlaces(db, columns, places);
}

/** The fence without the lanes, for what makes nothing ready. */
export function* lockHeldAlone<Column extends keyof DeliveryRow>(
  db: Database,
  columns: HeldColumns<Column>,
  leases: readonly LeaseProof[],
): Script<HeldDeliveries<HeldRow<Column>>> {
  return db.dialect.locksRows
    ? yield* lockPlaces(db, columns, yield* findPlaces(db, leases))
    : yield* readHeld(db, columns, leases);
}

function* readHeld<Column extends keyof DeliveryRow>(
  db: Database,
  { select }: HeldColumns<Column>,
  leases: readonly LeaseProof[],
): Script<HeldDeliveries<HeldRow<Column>>> {
  return new HeldDeliveries(yield* db.query<HeldRow<Column>>(select, { held: toRows(leases) }));
}

/** Where they are: lanes are locked first, and deliveries by their primary key. */
function* findPlaces(db: Database, leases: readonly LeaseProof[]): Script<readonly Place[]> {
  const held = toRows(leases);
  return held.length === 0 ? [] : yield* db.query<Place>(selectPlaces, { held });
}

function* lockPlaces<Column extends keyof DeliveryRow>(
  db: Database,
  { lock }: HeldColumns<Column>,
  places: readonly Place[],
): Script<HeldDeliveries<HeldRow<Column>>> {
  if (places.length === 0) return new HeldDeliveries([]);
  const held = places.map(({ seq, lease }) => [Number(seq), lease] as const);
  return new HeldDeliveries(yield* db.query<HeldRow<Column>>(lock, { held }));
}

/** Deliveries that are leased, each to be taken once. */
export class HeldDeliveries<Row extends HeldRow<never>> {
  readonly #rows: Map<string, Row>;

  constructor(rows: readonly Row[]) {
    this.#rows = new Map(rows.map((row) => [row.id, row]));
  }

  /** The delivery, if this very lease stands. */
  get({ deliveryId, lease }: LeaseProof): Row | undefined {
    const row = this.#rows.get(deliveryId);
    return row?.lease === lease ? row : undefined;
  }

  /** The delivery, if this very lease stands; afterwards it does not. */
  take(proof: LeaseProof): Row | undefined {
    const row = this.get(proof);
    if (row !== undefined) this.#rows.delete(proof.deliveryId);
    return row;
  }
}

/** Without duplicates, in the order in which deliveries are locked. */
function toRows(leases: readonly LeaseProof[]): (readonly [string, string])[] {
  const byText = new Map(
    leases.map(({ deliveryId, lease }) => [`${deliveryId} ${lease}`, [deliveryId, lease] as const]),
  );
  return [...byText.keys()].sort().map((key) => byText.get(key)!);
}
