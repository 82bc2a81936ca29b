import type { Lease } from '../../store.ts';
import type { Database, TemplateText } from '../database.ts';
import { DELIVERY_COLUMNS, type DeliveryRow } from '../rows/delivery-row.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { lockLanes } from './lanes.ts';

type LeaseProof = Pick<Lease, 'deliveryId' | 'lease'>;

/** Only what is leased has a lease. The state is not asked for: it has an index, which would look better than it is. */
const selectPlaces: TemplateText = ({ names, dialect }) =>
  `select d.seq, d.id, d.lane_id, d.lease, d.ordering_key from ${dialect.each('held', { id: 'text', lease: 'text' })}
   ${dialect.lookup} ${names.deliveries} d on d.id = held.id and d.lease = held.lease${dialect.inOrderOf('held')}`;

const lockDeliveries: TemplateText = ({ names, dialect }) =>
  `select ${DELIVERY_COLUMNS} from ${dialect.each('held', { seq: 'int', lease: 'text' })}
   ${dialect.lookup} ${names.deliveries} d${dialect.byPrimaryKey} on d.seq = held.seq and d.lease = held.lease${dialect.inOrderOf('held')}${dialect.forUpdate}`;

/** Where a transaction owns the whole database: at once, in no order. */
const selectHeld: TemplateText = ({ names, dialect }) =>
  `select ${DELIVERY_COLUMNS} from ${dialect.each('held', { id: 'text', lease: 'text' })}
   ${dialect.lookup} ${names.deliveries} d on d.id = held.id and d.lease = held.lease`;

interface Place {
  readonly seq: NumberColumn;
  readonly id: string;
  readonly lane_id: string;
  readonly lease: string;
  readonly ordering_key: string | null;
}

/**
 * The fence: locks the deliveries whose leases still stand, and before them the lanes in which something becomes ready. Each is answered once,
 * under the token with which it is leased.
 *
 * @param scheduled - those of the leases whose deliveries are to be scheduled again
 */
export function* lockHeld(
  db: Database,
  leases: readonly LeaseProof[],
  scheduled: readonly LeaseProof[],
): Script<HeldDeliveries> {
  if (!db.dialect.locksRows) return yield* readHeld(db, leases);
  const places = yield* findPlaces(db, leases);
  const again = new Set(scheduled.map(({ deliveryId, lease }) => `${deliveryId} ${lease}`));
  const woken = places.filter(
    // The next one of the ordering key has its turn, whatever becomes of this one.
    ({ id, lease, ordering_key }) => ordering_key !== null || again.has(`${id} ${lease}`),
  );
  yield* lockLanes(
    db,
    woken.map(({ lane_id }) => lane_id),
  );
  return yield* lockPlaces(db, places);
}

/** The fence without the lanes, for what makes nothing ready. */
export function* lockHeldAlone(db: Database, leases: readonly LeaseProof[]): Script<HeldDeliveries> {
  return db.dialect.locksRows
    ? yield* lockPlaces(db, yield* findPlaces(db, leases))
    : yield* readHeld(db, leases);
}

function* readHeld(db: Database, leases: readonly LeaseProof[]): Script<HeldDeliveries> {
  return new HeldDeliveries(yield* db.query<DeliveryRow>(selectHeld, { held: toRows(leases) }));
}

/** Where they are: lanes are locked first, and deliveries by their primary key. */
function* findPlaces(db: Database, leases: readonly LeaseProof[]): Script<readonly Place[]> {
  const held = toRows(leases);
  return held.length === 0 ? [] : yield* db.query<Place>(selectPlaces, { held });
}

function* lockPlaces(db: Database, places: readonly Place[]): Script<HeldDeliveries> {
  if (places.length === 0) return new HeldDeliveries([]);
  const held = places.map(({ seq, lease }) => [Number(seq), lease] as const);
  return new HeldDeliveries(yield* db.query<DeliveryRow>(lockDeliveries, { held }));
}

/** Deliveries that are leased, each to be taken once. */
export class HeldDeliveries {
  readonly #rows: Map<string, DeliveryRow>;

  constructor(rows: readonly DeliveryRow[]) {
    this.#rows = new Map(rows.map((row) => [row.id, row]));
  }

  /** The delivery, if this very lease stands. */
  get({ deliveryId, lease }: LeaseProof): DeliveryRow | undefined {
    const row = this.#rows.get(deliveryId);
    return row?.lease === lease ? row : undefined;
  }

  /** The delivery, if this very lease stands; afterwards it does not. */
  take(proof: LeaseProof): DeliveryRow | undefined {
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
