import type { NewDelivery, NewMessage } from '../../store.ts';
import { chunksOf } from '../chunks.ts';
import type { Database, TemplateText } from '../database.ts';
import type { Script } from '../script.ts';
import { refreshKeys } from './keys.ts';
import { LaneChanges } from './lane-changes.ts';
import { lockLanes } from './lanes.ts';
import { writeLaneChanges } from './write-lane-changes.ts';

/** A delivery to be stored with a message that is stored. No other one of the message goes to its endpoint. */
export interface AddedDelivery {
  readonly delivery: NewDelivery;
  readonly message: Pick<NewMessage, 'tenant' | 'type' | 'test'> & { readonly seq: number };
  /** Its token comes into force. */
  readonly isLeased: boolean;
}

/** Who holds the leases, and for how long. */
export interface LeaseTerms {
  readonly owner: string;
  readonly leaseMs: number;
}

const insertDeliveries: TemplateText = ({ names, dialect }) => {
  const now = dialect.int(':now');
  const whenLeased = (expression: string): string => `case when lease is not null then ${expression} end`;
  return `insert into ${names.deliveries} (id, message_seq, endpoint_id, lane_id, tenant, type, test, state, reason, ordering_key, open_key,
     lease, ready_at, attempts, attempts_before_run, rescues, faults, due_at, created_at, lease_until, leased_at,
     owner, first_attempt_at, finished_at)
   select id, message_seq, endpoint_id, lane_id, tenant, type, test, state, reason, ordering_key,
     case when state = 'scheduled' then ordering_key end,
     lease,
     case when state = 'scheduled' and ordering_key is null then ${now} end,
     case when lease is null then 0 else 1 end, 0, 0, 0, ${now}, ${now},
     ${whenLeased(dialect.int(':leaseUntil'))}, ${whenLeased(now)}, ${whenLeased(dialect.text(':owner'))}, ${whenLeased(now)},
     case when state in ('discarded', 'failed') then ${now} end
   from ${dialect.each('added', {
     id: 'text',
     message_seq: 'int',
     endpoint_id: 'text',
     lane_id: 'text',
     tenant: 'text',
     type: 'text',
     test: 'int',
     state: 'text',
     reason: 'text',
     ordering_key: 'text',
     lease: 'text',
   })}${dialect.inOrderOf('added')}`;
};

/** Stores deliveries, wakes the lanes of those that wait, and tells other processes of them. */
export function* storeDeliveries(
  db: Database,
  now: number,
  added: readonly AddedDelivery[],
  { owner, leaseMs }: LeaseTerms,
): Script<void> {
  for (const chunk of chunksOf(added, () => 1_000))
    yield* db.run(insertDeliveries, { added: chunk.map(toRow), now, leaseUntil: now + leaseMs, owner });
  yield* wakeLanesOf(db, now, added.filter(isWaiting));
}

/** Deliveries with an ordering key become ready by their turn, while their lanes are locked; the others are already. */
function* wakeLanesOf(db: Database, now: number, waiting: readonly AddedDelivery[]): Script<void> {
  const lanes = new LaneChanges();
  for (const one of waiting) if (orderingKeyOf(one) === null) lanes.wake(one.delivery.laneId, now);
  const ordered = waiting.filter((one) => orderingKeyOf(one) !== null);
  if (ordered.length > 0) {
    yield* lockLanes(
      db,
      waiting.map(({ delivery }) => delivery.laneId),
    );
    const keys = ordered.map((one) => ({ endpointId: one.delivery.endpointId, key: orderingKeyOf(one)! }));
    yield* refreshKeys(db, keys, lanes);
  }
  yield* writeLaneChanges(db, lanes);
}

function isWaiting({ delivery, isLeased }: AddedDelivery): boolean {
  return delivery.state === 'scheduled' && !isLeased;
}

/** Test messages neither wait for others nor hold others up. */
function orderingKeyOf({ delivery, message }: AddedDelivery): string | null {
  return message.test ? null : (delivery.orderingKey ?? null);
}

function toRow(added: AddedDelivery): readonly (string | number | null)[] {
  const { delivery, message, isLeased } = added;
  return [
    delivery.id,
    message.seq,
    delivery.endpointId,
    delivery.laneId,
    message.tenant,
    message.type,
    message.test ? 1 : 0,
    isLeased ? 'sending' : delivery.state,
    delivery.reason ?? null,
    orderingKeyOf(added),
    isLeased ? (delivery.lease ?? null) : null,
  ];
}
