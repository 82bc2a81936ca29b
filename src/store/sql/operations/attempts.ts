import { latencyBucket } from '../../../core/latency.ts';
import { toAttemptColumns } from '../../codec/attempt-codec.ts';
import type { NewAttempt } from '../../store.ts';
import { chunksOf } from '../chunks.ts';
import type { Database, TemplateText } from '../database.ts';
import type { DeliveryRow } from '../rows/delivery-row.ts';
import type { Script } from '../script.ts';

/** An attempt to log. */
export interface LoggedAttempt {
  readonly row: Pick<DeliveryRow, 'seq' | 'endpoint_id' | 'tenant' | 'test'>;
  readonly attempt: NewAttempt;
  readonly startedAt: number;
}

const MINUTE_MS = 60_000;

const insertAttempts: TemplateText = ({ names, dialect }) =>
  `insert into ${names.attempts} (delivery_seq, endpoint_id, tenant, attempt, outcome, reason, started_at, duration_ms, extra)
   select delivery_seq, endpoint_id, tenant, attempt, outcome, reason, started_at, duration_ms, extra
   from ${dialect.each('logged', {
     delivery_seq: 'int',
     endpoint_id: 'text',
     tenant: 'text',
     attempt: 'int',
     outcome: 'text',
     reason: 'text',
     started_at: 'int',
     duration_ms: 'int',
     extra: 'text',
   })}${dialect.inOrderOf('logged')}`;

const addCounts: TemplateText = ({ names, dialect }) =>
  `insert into ${names.counts} (endpoint_id, tenant, minute_at, outcome, bucket, attempts, longest_ms, last_at)
   select endpoint_id, tenant, minute_at, outcome, bucket, attempts, longest_ms, last_at
   from ${dialect.each('counted', {
     endpoint_id: 'text',
     tenant: 'text',
     minute_at: 'int',
     outcome: 'text',
     bucket: 'int',
     attempts: 'int',
     longest_ms: 'int',
     last_at: 'int',
   })} where 1 = 1${dialect.inOrderOf('counted')}
   ${onCountConflict({ names, dialect })}`;

/** Ends an insert of counts: adds to those that are there. */
export function onCountConflict({ names, dialect }: Pick<Database, 'names' | 'dialect'>): string {
  return dialect.onConflict(['endpoint_id', 'minute_at', 'outcome', 'bucket'], {
    attempts: `${names.counts}.attempts + :new(attempts)`,
    longest_ms: dialect.greatest(`${names.counts}.longest_ms`, ':new(longest_ms)'),
    last_at: dialect.greatest(`${names.counts}.last_at`, ':new(last_at)'),
  });
}

/** Adds to the attempt log, and to the counts of which statistics are made. */
export function* logAttempts(db: Database, attempts: readonly LoggedAttempt[]): Script<void> {
  if (attempts.length === 0) return;
  const logged = attempts.map(({ row, attempt, startedAt }) => {
    const { outcome, reason, durationMs, extra, ...columns } = toAttemptColumns(attempt);
    const { seq, endpoint_id, tenant } = row;
    return [
      Number(seq),
      endpoint_id,
      tenant,
      columns.attempt,
      outcome,
      reason,
      startedAt,
      durationMs,
      extra,
    ] as const;
  });
  for (const chunk of chunksOf(logged, (row) => (row[8]?.length ?? 0) + 500))
    yield* db.run(insertAttempts, { logged: chunk });
  const counted = countAttempts(attempts);
  if (counted.length > 0) yield* db.run(addCounts, { counted });
}

interface Count {
  readonly place: readonly [
    endpointId: string,
    tenant: string,
    minuteAt: number,
    outcome: string,
    bucket: number,
  ];
  attempts: number;
  longestMs: number;
  lastAt: number;
}

type CountRow = readonly [...Count['place'], number, number, number];

function countAttempts(attempts: readonly LoggedAttempt[]): readonly CountRow[] {
  const counts = new Map<string, Count>();
  for (const { row, attempt, startedAt } of attempts) {
    const { outcome, durationMs } = attempt;
    // What statistics are made of: answers, and the lack of one.
    if (Number(row.test) === 1 || (outcome !== 'delivered' && outcome !== 'endpoint_failed')) continue;
    const minuteAt = Math.floor(startedAt / MINUTE_MS) * MINUTE_MS;
    const bucket = latencyBucketOf(attempt);
    const key = `${outcome}:${minuteAt}:${bucket}:${row.endpoint_id}`;
    const count = counts.get(key);
    if (count === undefined) {
      const place = [row.endpoint_id, row.tenant, minuteAt, outcome, bucket] as const;
      counts.set(key, { place, attempts: 1, longestMs: durationMs, lastAt: startedAt });
    } else {
      count.attempts += 1;
      count.longestMs = Math.max(count.longestMs, durationMs);
      count.lastAt = Math.max(count.lastAt, startedAt);
    }
  }
  return [...counts.values()]
    .sort(byPlace)
    .map(({ place, attempts: n, longestMs, lastAt }) => [...place, n, longestMs, lastAt]);
}

/** The order in which counts are locked. */
function byPlace({ place: a }: Count, { place: b }: Count): number {
  const [endpointId, , minuteAt, outcome, bucket] = a;
  if (endpointId !== b[0]) return endpointId < b[0] ? -1 : 1;
  if (minuteAt !== b[2]) return minuteAt - b[2];
  if (outcome !== b[3]) return outcome < b[3] ? -1 : 1;
  return bucket - b[4];
}

/** The bucket in which an attempt is counted: that of its duration, or -1 without an answer. */
export function latencyBucketOf({ response, durationMs }: NewAttempt): number {
  return response === undefined ? -1 : latencyBucket(durationMs);
}
