import { describe, expect, it } from 'vitest';
import { append } from '../../../src/store/sql/operations/append.ts';
import { completeFanOut } from '../../../src/store/sql/operations/complete-fan-out.ts';
import { pruneHiddenEndpoints } from '../../../src/store/sql/operations/prune-hidden-endpoints.ts';
import { pruneLanes } from '../../../src/store/sql/operations/prune-lanes.ts';
import { removeMessages } from '../../../src/store/sql/operations/remove-messages.ts';
import { reschedule } from '../../../src/store/sql/operations/reschedule.ts';
import { SqlRetention } from '../../../src/store/sql/sql-retention.ts';
import type { NewDelivery } from '../../../src/store/store.ts';
import { HeldTransaction, someoneWaits } from '../../support/held-transaction.ts';
import { sqlDatabases, type TestDatabase } from '../../support/sql-databases.ts';
import { statement } from '../../support/sql-rows.ts';
import { hiddenEndpoint } from './endpoint-fixtures.ts';
import { batch, claiming, delivery, entry, nextId } from './fixtures.ts';

const kinds = sqlDatabases();
const servers = kinds.filter(({ name }) => name !== 'libsql');
const NOTHING_IS_KEPT = { succeededMs: 0, unsuccessfulMs: 0 };

/** Stores a message whose only delivery has ended. */
async function storeFinished(database: TestDatabase): Promise<{ messageId: string; deliveryId: string }> {
  const finished = entry([delivery('ep', { state: 'discarded', reason: 'endpoint_disabled' })]);
  await database.call('append', batch([finished]));
  return { messageId: finished.message.id, deliveryId: finished.deliveries[0]!.id };
}

/** Numbers of the messages that retention may take now. */
async function findExpired(database: TestDatabase): Promise<readonly number[]> {
  return (await database.call('findExpired', { retention: NOTHING_IS_KEPT, after: 0 })).seqs;
}

async function isStored(database: TestDatabase, messageId: string): Promise<boolean> {
  return (await database.call('getMessage', { id: messageId })) !== undefined;
}

const removing = (seqs: readonly number[]) => ({ retention: NOTHING_IS_KEPT, seqs });
const retrying = (deliveryId: string) =>
  ({
    where: { deliveryIds: [deliveryId] },
    event: { kind: 'retry_requested' },
    after: undefined,
    limit: 1,
  }) as const;
const adding = (messageId: string, added: NewDelivery) => ({
  results: [{ messageId, lease: undefined, deliveries: [added] }],
});

async function claimIds(database: TestDatabase): Promise<string[]> {
  const { leased } = await database.call('claimDue', claiming());
  return leased.map(({ id }) => id);
}

describe.each(kinds)('retention on $name', ({ create }) => {
  it('leaves a message alone that was retried, or got a delivery, since it was found', async () => {
    const database = await create();
    const [retried, extended, neither] = [
      await storeFinished(database),
      await storeFinished(database),
      await storeFinished(database),
    ];
    const seqs = await findExpired(database);
    expect(seqs).toHaveLength(3);
    await database.call('reschedule', retrying(retried.deliveryId));
    await database.call('completeFanOut', adding(extended.messageId, delivery('ep_2')));
    expect(await database.call('removeMessages', removing(seqs))).toBe(1);
    expect(await isStored(database, retried.messageId)).toBe(true);
    expect(await isStored(database, extended.messageId)).toBe(true);
    expect(await isStored(database, neither.messageId)).toBe(false);
    expect(await claimIds(database)).toHaveLength(2);
    await database.close();
  });

  it('ends a batch after some thousand deliveries, with one message at least', async () => {
    const database = await create();
    const wide = (): ReturnType<typeof entry> =>
      entry(
        Array.from({ length: 3_000 }, () =>
          delivery(nextId('ep'), { state: 'failed', reason: 'function_failed' }),
        ),
      );
    const narrow = entry([]);
    await database.call('append', batch([wide(), wide(), narrow]));
    const first = await database.call('findExpired', { retention: NOTHING_IS_KEPT, after: 0 });
    expect([first.seqs.length, first.isLast]).toEqual([2, false]);
    const second = await database.call('findExpired', { retention: NOTHING_IS_KEPT, after: first.after });
    expect([second.seqs.length, second.isLast]).toEqual([1, true]);
    await database.close();
  });

  it('walks past what is kept, in as many calls as the time allows', async () => {
    const database = await create();
    const kept = Array.from({ length: 1_500 }, () => entry([delivery('ep')]));
    const finished = Array.from({ length: 1_500 }, () => entry([]));
    await database.call('append', batch([...kept, ...finished]));
    const retention = new SqlRetention(database, database.clock);
    const results = [];
    for (let more = true; more;) {
      const result = await retention.prune({ retention: NOTHING_IS_KEPT, budgetMs: 0 });
      results.push(result);
      ({ more } = result);
    }
    expect(results.map(({ messages }) => messages)).toEqual([0, 500, 1_000, 0]);
    await database.close();
  });

  it('keeps counts of attempts as long as the longer retention', async () => {
    const database = await create();
    const MINUTE_MS = 60_000;
    const startedAt = database.clock.now();
    await database.run(function* (db) {
      for (let minute = 0; minute < 10; minute += 1) {
        yield* statement(
          `insert into ${db.names.counts} (endpoint_id, tenant, minute_at, outcome, bucket, attempts, longest_ms, last_at)
           values ('ep', 'default', ${startedAt + minute * MINUTE_MS}, 'delivered', 1, 1, 1, 0)`,
        );
      }
    });
    await database.clock.advance(10 * MINUTE_MS);
    const retention = new SqlRetention(database, database.clock);
    const keep = async (unsuccessfulMs: number): Promise<number> => {
      await retention.prune({ retention: { succeededMs: 0, unsuccessfulMs }, budgetMs: 1_000 });
      return (await database.call('readStats', { where: {} })).attempts.delivered;
    };
    expect(await keep(Infinity)).toBe(10);
    expect(await keep(4 * MINUTE_MS)).toBe(4);
    expect(await keep(0)).toBe(0);
    await database.close();
  });

  it('removes lanes that belong to nothing, as soon as they hold nothing back', async () => {
    const database = await create();
    for (const laneId of ['blocked', 'paused', 'open', 'used'])
      await database.call('putLane', {
        laneId,
        paused: laneId === 'paused',
        blockForMs: laneId === 'blocked' ? 1_000 : 1,
      });
    const used = delivery('ep_of_a_removed_endpoint', { laneId: 'used' });
    await database.call('append', batch([entry([used])]));
    await database.clock.advance(2);
    const lanes = async (): Promise<string[]> => {
      await database.call('pruneLanes', { after: '' });
      const rows = await database.run((db) => statement(`select id from ${db.names.lanes} order by id`));
      return rows.map(({ id }) => String(id));
    };
    expect(await lanes()).toEqual(['blocked', 'paused', 'used']);
    await database.clock.advance(1_000);
    expect(await lanes()).toEqual(['paused', 'used']);
    expect(await claimIds(database)).toEqual([used.id]);
    await database.close();
  });
});

// One connection does all on SQLite: there is nothing to wait for.
describe.skipIf(servers.length === 0).each(servers)(
  'retention at once with others on $name',
  ({ create }) => {
    it('keeps a message that is being retried', async () => {
      const database = await create();
      const { messageId, deliveryId } = await storeFinished(database);
      const seqs = await findExpired(database);
      const other = await HeldTransaction.begin(database);
      await other.run((db) => reschedule.script(db, retrying(deliveryId)));
      const removed = database.call('removeMessages', removing(seqs));
      await someoneWaits(database);
      await other.commit();
      expect(await removed).toBe(0);
      expect(await isStored(database, messageId)).toBe(true);
      expect(await claimIds(database)).toEqual([deliveryId]);
      await database.close();
    });

    it('keeps a message to which a delivery is being added', async () => {
      const database = await create();
      const { messageId } = await storeFinished(database);
      const seqs = await findExpired(database);
      const added = delivery('ep_2');
      const other = await HeldTransaction.begin(database);
      await other.run((db) => completeFanOut.script(db, adding(messageId, added)));
      const removed = database.call('removeMessages', removing(seqs));
      await someoneWaits(database);
      await other.commit();
      expect(await removed).toBe(0);
      expect(await claimIds(database)).toEqual([added.id]);
      await database.close();
    });

    it('lets neither a retry nor a new delivery find a message that is being removed', async () => {
      const database = await create();
      const [retried, extended] = [await storeFinished(database), await storeFinished(database)];
      const seqs = await findExpired(database);
      const removal = await HeldTransaction.begin(database);
      expect(await removal.run((db) => removeMessages.script(db, removing(seqs)))).toBe(2);
      const retry = database.call('reschedule', retrying(retried.deliveryId));
      await someoneWaits(database);
      const addition = database.call('completeFanOut', adding(extended.messageId, delivery('ep_2')));
      await removal.commit();
      expect(await retry).toEqual({ items: [], next: undefined });
      expect(await addition).toEqual([{ stored: [] }]);
      const rows = await database.run((db) => statement(`select id from ${db.names.deliveries}`));
      expect(rows).toEqual([]);
      expect(await claimIds(database)).toEqual([]);
      await database.close();
    });

    it('keeps a hidden endpoint to which a delivery is being stored', async () => {
      const database = await create();
      const hidden = hiddenEndpoint();
      await database.call('append', { ...batch([]), hiddenEndpoints: [hidden] });
      const owed = delivery(hidden.id, { laneId: hidden.laneId });
      const other = await HeldTransaction.begin(database);
      await other.run((db) => append.script(db, { ...batch([entry([owed])]), hiddenEndpoints: [hidden] }));
      const pruned = database.call('pruneHiddenEndpoints', { after: 0 });
      await someoneWaits(database);
      await other.commit();
      await pruned;
      expect(await database.call('getEndpoint', { id: hidden.id })).toBeDefined();
      await database.close();
    });

    it('stores a hidden endpoint again that is being removed', async () => {
      const database = await create();
      const hidden = hiddenEndpoint();
      await database.call('append', { ...batch([]), hiddenEndpoints: [hidden] });
      const removal = await HeldTransaction.begin(database);
      await removal.run((db) => pruneHiddenEndpoints.script(db, { after: 0 }));
      const owed = delivery(hidden.id, { laneId: hidden.laneId });
      const appended = database.call('append', { ...batch([entry([owed])]), hiddenEndpoints: [hidden] });
      await someoneWaits(database);
      await removal.commit();
      await appended;
      expect(await database.call('getEndpoint', { id: hidden.id })).toBeDefined();
      expect(await claimIds(database)).toEqual([owed.id]);
      await database.close();
    });

    it('makes a lane again that is being removed, for what is to wait in it', async () => {
      const database = await create();
      await database.call('putLane', { laneId: 'ep', paused: true });
      await database.call('putLane', { laneId: 'ep', paused: false });
      const removal = await HeldTransaction.begin(database);
      await removal.run((db) => pruneLanes.script(db, { after: '' }));
      const waiting = delivery('ep');
      const appended = database.call('append', batch([entry([waiting])]));
      await someoneWaits(database);
      await removal.commit();
      await appended;
      expect(await claimIds(database)).toEqual([waiting.id]);
      await database.close();
    });

    it('keeps a lane in which something is being stored', async () => {
      const database = await create();
      await database.call('putLane', { laneId: 'ep', paused: true });
      await database.call('putLane', { laneId: 'ep', paused: false });
      const waiting = delivery('ep');
      const other = await HeldTransaction.begin(database);
      await other.run((db) => append.script(db, batch([entry([waiting])])));
      const pruned = database.call('pruneLanes', { after: '' });
      await someoneWaits(database);
      await other.commit();
      await pruned;
      expect(await claimIds(database)).toEqual([waiting.id]);
      await database.close();
    });
  },
);
