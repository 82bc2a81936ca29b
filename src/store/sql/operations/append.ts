import type { AppendEntry } from '../../store.ts';
import type { AppendedEntry, AppendOperation, AppendOutcome } from '../append-results.ts';
import type { Database, TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import { isLimited, LANE_GATE_COLUMNS, type LaneGateRow, toLaneGate } from '../rows/lane-row.ts';
import type { Script } from '../script.ts';
import { appendAtOnce, fitsOneStatement } from './append-at-once.ts';
import type { EntryDecision } from './batch-decisions.ts';
import { storeHiddenEndpoints } from './hidden-endpoints.ts';
import { type PlannedDelivery, planDeliveries } from './plan-deliveries.ts';
import { type AddedDelivery, storeDeliveries } from './store-deliveries.ts';
import { storeMessages } from './store-messages.ts';

const selectGates: TemplateText = ({ names, dialect }) =>
  `select ${LANE_GATE_COLUMNS} from ${dialect.rows('wanted', { id: 'text' })} ${dialect.lookup} ${names.lanes} l on ${dialect.is('l.id', 'wanted.id')}`;

const selectDeliveries: TemplateText = ({ names, dialect }) =>
  `select m.id as message_id, d.id, d.endpoint_id from ${dialect.rows('wanted', { id: 'text' })}
   ${dialect.lookup} ${names.messages} m on ${dialect.is('m.id', 'wanted.id')}
   ${dialect.lookup} ${names.deliveries} d on ${dialect.is('d.message_seq', 'm.seq')} order by ${dialect.value('d.seq')}`;

type Planned = PlannedDelivery & { readonly isLeased: boolean };

/** Stores a batch of messages with their deliveries. */
export const append: Operation<AppendOperation, AppendOutcome> = {
  isTransaction: true,
  *script(db, params) {
    const atOnce = fitsOneStatement(db, params) ? yield* appendAtOnce(db, params) : undefined;
    return atOnce ?? (yield* appendStepwise(db, params, yield* db.now()));
  },
};

function* appendStepwise(db: Database, params: AppendOperation, now: number): Script<AppendOutcome> {
  const { entries } = params;
  const { decisions, seqs } = yield* storeMessages(db, now, params);
  yield* storeHiddenEndpoints(db, now, params);
  const isNew = (index: number): boolean => decisions[index]!.kind === 'store';
  const planned = entries.map((entry, index) => (isNew(index) ? planDeliveries(entry) : []));
  const closed = yield* selectClosedLanes(db, now, planned.flat());
  const decided = planned.map((all) => all.map((one) => ({ ...one, isLeased: isLeased(one, closed) })));
  const added = entries.flatMap((entry, index) => toAdded(entry, decided[index]!, seqs));
  yield* storeDeliveries(db, now, added, params);
  if (entries.some(({ fannedOut }, index) => isNew(index) && !fannedOut)) yield* db.notify('fan_out');
  const existing = yield* selectExisting(db, decisions);
  return {
    now,
    entries: decisions.map((decision, index) => toAppended(decision, decided[index]!, existing)),
  };
}

function isLeased({ leased, delivery }: PlannedDelivery, closed: ReadonlySet<string>): boolean {
  return leased === 'always' || (leased === 'if_open' && !closed.has(delivery.laneId));
}

/** Lanes that hold something back: paused, held, blocked, on probation, or with limits. */
function* selectClosedLanes(
  db: Database,
  now: number,
  planned: readonly PlannedDelivery[],
): Script<ReadonlySet<string>> {
  const asked = planned.filter(({ leased }) => leased === 'if_open').map(({ delivery }) => delivery.laneId);
  if (asked.length === 0) return new Set();
  const wanted = [...new Set(asked)].map((id) => [id] as const);
  const gates = (yield* db.query<LaneGateRow>(selectGates, { wanted })).map(toLaneGate);
  const closed = gates.filter(
    (gate) => gate.isShut || gate.blockedUntil > now || gate.isOnProbation || isLimited(gate),
  );
  return new Set(closed.map(({ id }) => id));
}

function toAdded(
  { message }: AppendEntry,
  planned: readonly Planned[],
  seqs: ReadonlyMap<string, number>,
): readonly AddedDelivery[] {
  if (planned.length === 0) return [];
  const { tenant, type, test } = message;
  const stored = { tenant, type, test, seq: seqs.get(message.id)! };
  return planned.map(({ delivery, isLeased }) => ({ delivery, message: stored, isLeased }));
}

type DeliveryRef = Extract<AppendedEntry, { readonly kind: 'duplicate' }>['deliveries'][number];

/** The deliveries of messages that duplicates refer to, those of this batch included. */
function* selectExisting(
  db: Database,
  decisions: readonly EntryDecision[],
): Script<ReadonlyMap<string, readonly DeliveryRef[]>> {
  const existing = new Map<string, DeliveryRef[]>();
  for (const decision of decisions) if (decision.kind === 'duplicate') existing.set(decision.messageId, []);
  if (existing.size === 0) return existing;
  const wanted = [...existing.keys()].map((id) => [id] as const);
  const rows = yield* db.query<Record<'message_id' | 'id' | 'endpoint_id', string>>(selectDeliveries, {
    wanted,
  });
  for (const { message_id, id, endpoint_id } of rows)
    existing.get(message_id)!.push({ id, endpointId: endpoint_id });
  return existing;
}

function toAppended(
  decision: EntryDecision,
  planned: readonly Planned[],
  existing: ReadonlyMap<string, readonly DeliveryRef[]>,
): AppendedEntry {
  switch (decision.kind) {
    case 'store':
      return { kind: 'stored', leased: planned.filter((one) => one.isLeased).map(({ index }) => index) };
    case 'duplicate': {
      const { messageId } = decision;
      return { kind: 'duplicate', messageId, deliveries: existing.get(messageId)! };
    }
    case 'conflict':
      return { kind: 'conflict', messageId: decision.messageId };
  }
}
