import type { CompleteFanOutParams, CompleteFanOutResult, NewDelivery } from '../../store.ts';
import type { Database, TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import type { NumberColumn } from '../rows/number-column.ts';
import type { Script } from '../script.ts';
import { endTurn } from './fan-out-turn.ts';
import { type AddedDelivery, storeDeliveries } from './store-deliveries.ts';

interface MessageRow {
  readonly seq: NumberColumn;
  readonly id: string;
  readonly tenant: string;
  readonly type: string;
  readonly test: NumberColumn;
  readonly unmatched: NumberColumn | null;
  readonly fan_out_lease: string | null;
}

const selectSeqs: TemplateText = ({ names, dialect }) =>
  `select m.seq from ${dialect.rows('wanted', { id: 'text' })} ${dialect.lookup} ${names.messages} m on ${dialect.is('m.id', 'wanted.id')} order by ${dialect.value('m.seq')}`;

const lockMessages: TemplateText = ({ names, dialect }) =>
  `select m.seq, m.id, m.tenant, m.type, m.test, m.unmatched, m.fan_out_lease
   from ${dialect.rows('wanted', { seq: 'int' })} ${dialect.lookup} ${names.messages} m${dialect.byPrimaryKey} on ${dialect.is('m.seq', 'wanted.seq')}
   order by wanted.ord${dialect.forUpdate}`;

const selectEndpoints: TemplateText = ({ names, dialect }) =>
  `select d.message_seq, d.endpoint_id, d.seq from ${dialect.rows('wanted', { seq: 'int' })}
   ${dialect.lookup} ${names.deliveries} d on ${dialect.is('d.message_seq', 'wanted.seq')}`;

const markMatched: TemplateText = ({ names, dialect }) =>
  dialect.updateFrom({
    table: names.messages,
    rows: dialect.rows('matched', { seq: 'int' }),
    on: dialect.is('t.seq', 'matched.seq'),
    changes: { unmatched: 'null', fan_out_lease: 'null', fan_out_until: ':now' },
  });

/** Nothing of it is leased. */
const NO_LEASE = { owner: '', leaseMs: 0 };

/** Stores the deliveries of matched messages. */
export const completeFanOut: Operation<CompleteFanOutParams, readonly CompleteFanOutResult[]> = {
  isTransaction: true,
  *script(db, { results, turn }) {
    if (turn !== undefined && !(yield* endTurn(db, turn))) return results.map(() => ({ stored: [] }));
    const messages = yield* lockOpenMessages(db, results);
    const now = yield* db.now();
    const matched = new Set<number>();
    const added: AddedDelivery[] = [];
    const stored = results.map(({ messageId, lease, deliveries }): CompleteFanOutResult => {
      const message = messages.get(messageId);
      if (message === undefined || !message.isOpenTo(lease)) return { stored: [] };
      if (lease !== undefined) matched.add(message.complete());
      const missing = message.add(deliveries);
      added.push(...missing.map((delivery) => ({ delivery, message, isLeased: false })));
      return { stored: missing.map(({ id }) => id) };
    });
    if (matched.size > 0) yield* db.run(markMatched, { matched: [...matched].map((seq) => [seq]), now });
    yield* storeDeliveries(db, now, added, NO_LEASE);
    return stored;
  },
};

/** A message that is locked. It belongs to the holder of its lease until it is matched, then it takes more from anybody. */
class OpenMessage {
  readonly seq: number;
  readonly tenant: string;
  readonly type: string;
  readonly test: boolean;
  #lease: string | undefined;
  readonly #endpoints = new Set<string>();
  #isMatched: boolean;

  constructor(row: MessageRow) {
    this.seq = Number(row.seq);
    this.tenant = row.tenant;
    this.type = row.type;
    this.test = Number(row.test) === 1;
    this.#lease = row.fan_out_lease ?? undefined;
    this.#isMatched = row.unmatched === null;
  }

  isOpenTo(lease: string | undefined): boolean {
    return this.#isMatched ? lease === undefined : lease !== undefined && lease === this.#lease;
  }

  /** Its sequence. */
  complete(): number {
    this.#isMatched = true;
    this.#lease = undefined;
    return this.seq;
  }

  noteEndpoint(endpointId: string): void {
    this.#endpoints.add(endpointId);
  }

  /** Those whose endpoints have none yet. */
  add(deliveries: readonly NewDelivery[]): readonly NewDelivery[] {
    return deliveries.filter(({ endpointId }) => {
      if (this.#endpoints.has(endpointId)) return false;
      this.#endpoints.add(endpointId);
      return true;
    });
  }
}

function* lockOpenMessages(
  db: Database,
  results: CompleteFanOutParams['results'],
): Script<ReadonlyMap<string, OpenMessage>> {
  if (results.length === 0) return new Map();
  const ids = new Set(results.map(({ messageId }) => messageId));
  const seqs = yield* db.query<{ seq: NumberColumn }>(selectSeqs, { wanted: [...ids].map((id) => [id]) });
  const wanted = seqs.map(({ seq }) => [Number(seq)] as const);
  const rows = yield* db.query<MessageRow>(lockMessages, { wanted });
  const messages = rows.map((row) => [row.id, new OpenMessage(row)] as const);
  const bySeq = new Map(messages.map(([, message]) => [message.seq, message]));
  const endpoints = yield* db.query<{ message_seq: NumberColumn; endpoint_id: string }>(selectEndpoints, {
    wanted: [...bySeq.keys()].map((seq) => [seq]),
  });
  for (const { message_seq, endpoint_id } of endpoints)
    bySeq.get(Number(message_seq))!.noteEndpoint(endpoint_id);
  return new Map(messages);
}
