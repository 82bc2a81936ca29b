import type { Lease } from '../../store.ts';
import type { Database, TemplateText } from '../database.ts';
import { DELIVERY_COLUMNS, type DeliveryRow } from '../rows/delivery-row.ts';
import type { Script } from '../script.ts';
import { lockLanes } from './lanes.ts';

type LeaseProof = Pick<Lease, 'deliveryId' | 'lease'>;

const LEASE_COLUMNS = { id: 'text', lease: 'text' } as const;
const IS_HELD = `d.id = held.id and d.lease = held.lease and d.state = 'sending'`;

const selectLanes: TemplateText = ({ names, dialect }) =>
  `select distinct d.lane_id from ${dialect.rows('held', LEASE_COLUMNS)} ${dialect.lookup} ${names.deliveries} d on ${IS_HELD}`;

const lockDeliveries: TemplateText = ({ names, dialect }) =>
  `select ${DELIVERY_COLUMNS} from ${dialect.rows('held', LEASE_COLUMNS)} ${dialect.lookup} ${names.deliveries} d on ${IS_HELD}
   order by held.ord${dialect.forUpdate}`;

/**
 * The fence: locks the deliveries whose leases still stand, and before them their lanes. Each is answered once, under the token
 * with which it is leased.
 */
export function* lockHeld(db: Database, leases: readonly LeaseProof[]): Script<HeldDeliveries> {
  const held = toRows(leases);
  if (held.length === 0) return new HeldDeliveries([]);
  const lanes = yield* db.query<{ lane_id: string }>(selectLanes, { held });
  yield* lockLanes(
    db,
    lanes.map(({ lane_id }) => lane_id),
  );
  if (lanes.length === 0) return new HeldDeliveries([]);
  return new HeldDeliveries(yield* db.query<DeliveryRow>(lockDeliveries, { held }));
}

/** The fence without the lanes, for what makes nothing ready. */
export function* lockHeldAlone(db: Database, leases: readonly LeaseProof[]): Script<HeldDeliveries> {
  const held = toRows(leases);
  if (held.length === 0) return new HeldDeliveries([]);
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
