import { describe, expect, it } from 'vitest';
import { toAppendResults } from '../../../src/store/sql/append-results.ts';
import { SqlRetention } from '../../../src/store/sql/sql-retention.ts';
import type { LeasedDelivery } from '../../../src/store/store.ts';
import { sqlDatabases, type TestDatabase } from '../../support/sql-databases.ts';
import { statement } from '../../support/sql-rows.ts';
import { batch, claiming, delivery, entry, nextId, settlement } from './fixtures.ts';

const ROUNDS = 15;
const ENDPOINTS = ['ep_1', 'ep_2', 'ep_3'];

/** Those who work while retention removes whatever has ended. Nothing is repeated: a deadlock would be an error. */
class Workers {
  readonly #database: TestDatabase;
  readonly #retention: SqlRetention;
  /** Messages and deliveries that have ended some time. */
  readonly #messages: string[] = [];
  readonly #deliveries: string[] = [];
  /** Deliveries that were made due, and must be found. */
  readonly owed: Set<string> = new Set();
  removed = 0;

  constructor(database: TestDatabase) {
    this.#database = database;
    this.#retention = new SqlRetention(database, database.clock);
  }

  async deliver(): Promise<void> {
    const entries = Array.from({ length: 12 }, () =>
      entry(ENDPOINTS.map((endpointId) => delivery(endpointId, { lease: nextId('lease') }))),
    );
    const results = toAppendResults(entries, await this.#database.call('append', batch(entries)));
    await this.settle(results.flatMap((result) => (result.kind === 'stored' ? result.leased : [])));
    this.#messages.push(...entries.map(({ message }) => message.id));
    this.#deliveries.push(...entries.flatMap(({ deliveries }) => deliveries.map(({ id }) => id)));
  }

  async retry(): Promise<void> {
    const where = { deliveryIds: this.#deliveries.slice(-40).filter((_, index) => index % 3 === 0) };
    const event = { kind: 'retry_requested' } as const;
    const { items } = await this.#database.call('reschedule', { where, event, after: undefined, limit: 100 });
    for (const { id } of items) this.owed.add(id);
  }

  async extend(): Promise<void> {
    const results = this.#messages
      .slice(-20)
      .filter((_, index) => index % 2 === 0)
      .map((messageId) => ({ messageId, lease: undefined, deliveries: [delivery(nextId('ep'))] }));
    for (const { stored } of await this.#database.call('completeFanOut', { results }))
      for (const id of stored) this.owed.add(id);
  }

  async prune(): Promise<void> {
    const { messages } = await this.#retention.prune({
      retention: { succeededMs: 0, unsuccessfulMs: 0 },
      budgetMs: 10_000,
    });
    this.removed += messages;
  }

  async claimAll(): Promise<LeasedDelivery[]> {
    const all: LeasedDelivery[] = [];
    for (let found = -1; found !== all.length;) {
      found = all.length;
      all.push(...(await this.#database.call('claimDue', claiming())).leased);
    }
    return all;
  }

  async settle(leased: readonly LeasedDelivery[]): Promise<void> {
    const settlements = leased.map((one) => settlement(one, { kind: 'succeeded' }));
    const results = await this.#database.call('settle', { settlements });
    expect(results.filter(({ kind }) => kind === 'lost')).toEqual([]);
  }
}

/** Rows that belong to nothing. */
async function countOrphans(database: TestDatabase): Promise<number[]> {
  const rows = await database.run(({ names }) =>
    statement(
      `select (select count(*) from ${names.deliveries} d where not exists
           (select 1 from ${names.messages} m where m.seq = d.message_seq)) as deliveries,
         (select count(*) from ${names.attempts} a where not exists
           (select 1 from ${names.deliveries} d where d.seq = a.delivery_seq)) as attempts`,
    ),
  );
  return [Number(rows[0]!['deliveries']), Number(rows[0]!['attempts'])];
}

describe.each(sqlDatabases())('retention while others work on $name', ({ create }) => {
  it('loses nothing that is owed, and leaves nothing behind', async () => {
    const database = await create();
    const workers = new Workers(database);
    await workers.deliver();
    let owed = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      await Promise.all([workers.deliver(), workers.retry(), workers.extend(), workers.prune()]);
      const leased = await workers.claimAll();
      expect(leased.map(({ id }) => id).sort()).toEqual([...workers.owed].sort());
      expect(await countOrphans(database)).toEqual([0, 0]);
      owed += leased.length;
      workers.owed.clear();
      await workers.settle(leased);
    }
    await workers.prune();
    const left = await database.run(({ names }) => statement(`select id from ${names.messages}`));
    expect([left.length, owed > 0, workers.removed > 0]).toEqual([0, true, true]);
    await database.close();
  }, 30_000);
});
