import type { Database } from '../../src/store/sql/database.ts';
import type { Row, Script } from '../../src/store/sql/script.ts';
import type { TestDatabase } from './sql-databases.ts';

/** What is wrong with the rows of a database, whatever was done to it; to be looked for while nobody writes. */
export async function findBrokenInvariants(database: TestDatabase): Promise<readonly string[]> {
  const { deliveries, lanes, counts, attempts } = await database.run(readAll);
  const now = database.clock.now();
  const laneById = new Map(lanes.map((lane) => [lane['id'], lane]));
  return [
    ...deliveries.flatMap((row) => [...checkDelivery(row)]),
    ...deliveries.flatMap((row) => [...checkLane(row, laneById.get(row['lane_id']), now)]),
    ...lanes.flatMap((lane) => [...checkLeases(lane, deliveries)]),
    ...checkKeys(deliveries),
    ...checkCounts(deliveries, attempts, counts),
  ];
}

interface Rows {
  readonly deliveries: readonly Row[];
  readonly lanes: readonly Row[];
  readonly counts: readonly Row[];
  readonly attempts: readonly Row[];
}

function* readAll({ names }: Database): Script<Rows> {
  const select = function* (table: string): Script<readonly Row[]> {
    return (yield { sql: `select * from ${table}`, parameters: [], isFixed: false }).rows;
  };
  return {
    deliveries: yield* select(names.deliveries),
    lanes: yield* select(names.lanes),
    counts: yield* select(names.counts),
    attempts: yield* select(names.attempts),
  };
}

function* checkDelivery(row: Row): Generator<string> {
  const { id, state } = row;
  const isOpen = state === 'scheduled' || state === 'sending';
  const isReady = row['ready_at'] !== null;
  const name = `${String(id)} (${String(state)})`;
  if ((row['lease'] !== null) !== (state === 'sending')) yield `${name}: lease`;
  if ((row['lease_until'] !== null) !== (state === 'sending')) yield `${name}: lease_until`;
  if ((row['finished_at'] === null) !== isOpen) yield `${name}: finished_at`;
  if (isReady && state !== 'scheduled') yield `${name}: ready`;
  if (isReady && Number(row['ready_at']) !== Number(row['due_at'])) yield `${name}: ready_at is not due_at`;
  if (row['ordering_key'] === null) {
    if (isReady !== (state === 'scheduled')) yield `${name}: not ready`;
    return;
  }
  if ((row['open_key'] !== null) !== isOpen) yield `${name}: open_key`;
  if ((row['active_key'] !== null) !== (isReady || state === 'sending')) yield `${name}: active_key`;
}

/** A lane is looked at in time: never later than the first of its deliveries, or than it opens. */
function* checkLane(row: Row, lane: Row | undefined, now: number): Generator<string> {
  if (row['ready_at'] === null) return;
  const name = `${String(row['id'])} in lane ${String(row['lane_id'])}`;
  if (lane === undefined) {
    yield `${name}: there is no lane`;
    return;
  }
  if (Number(lane['paused']) === 1) {
    if (lane['ready_at'] !== null) yield `${name}: paused, and ready`;
    return;
  }
  if (Number(lane['is_full']) === 1 && Number(lane['leases']) >= Number(lane['max_leases'])) return;
  // What had its turn stands behind all others that are ready.
  const latest = Math.max(Number(row['ready_at']), Number(lane['blocked_until']), now);
  if (lane['ready_at'] === null || Number(lane['ready_at']) > latest)
    yield `${name}: the lane wakes too late`;
}

/** A lane that may have so many leases knows how many it has. */
function* checkLeases(lane: Row, deliveries: readonly Row[]): Generator<string> {
  const name = `lane ${String(lane['id'])}`;
  if (lane['max_leases'] === null) {
    if (lane['leases'] !== null || lane['is_full'] !== null) yield `${name}: counts leases`;
    return;
  }
  const leased = deliveries.filter(
    (row) => row['lane_id'] === lane['id'] && row['lease'] !== null && Number(row['test']) === 0,
  );
  if (leased.length !== Number(lane['leases']))
    yield `${name}: ${leased.length} are leased, ${Number(lane['leases'])} are counted`;
  const isClosed = Number(lane['is_full']) === 1 && lane['ready_at'] === null;
  if (isClosed && leased.length < Number(lane['max_leases']))
    yield `${name}: waits for leases that have ended`;
}

/** Of each key the first unfinished delivery is ready, and no other one, unless one is leased. */
function* checkKeys(deliveries: readonly Row[]): Generator<string> {
  const byKey = new Map<string, Row[]>();
  for (const row of deliveries) {
    if (row['open_key'] === null) continue;
    const key = JSON.stringify([row['endpoint_id'], row['open_key']]);
    byKey.set(key, [...(byKey.get(key) ?? []), row]);
  }
  for (const [key, rows] of byKey) {
    const [head] = rows.sort((a, b) => Number(a['seq']) - Number(b['seq']));
    const leased = rows.filter(({ state }) => state === 'sending');
    const ready = rows.filter((row) => row['ready_at'] !== null);
    if (leased.length > 1) yield `${key}: ${leased.length} are leased`;
    if (leased.length === 1 && ready.length > 0) yield `${key}: one is leased, another one ready`;
    if (leased.length === 0 && (ready.length !== 1 || ready[0] !== head))
      yield `${key}: the first is not ready`;
  }
}

function* checkCounts(
  deliveries: readonly Row[],
  attempts: readonly Row[],
  counts: readonly Row[],
): Generator<string> {
  const tests = new Set(deliveries.filter(({ test }) => Number(test) === 1).map(({ seq }) => Number(seq)));
  for (const outcome of ['delivered', 'endpoint_failed']) {
    const logged = attempts.filter(
      (row) => row['outcome'] === outcome && !tests.has(Number(row['delivery_seq'])),
    ).length;
    const counted = counts
      .filter((row) => row['outcome'] === outcome)
      .reduce((sum, row) => sum + Number(row['attempts']), 0);
    if (logged !== counted) yield `${outcome}: ${logged} attempts were logged, ${counted} are counted`;
  }
}
