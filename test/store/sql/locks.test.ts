import { describe, expect, it } from 'vitest';
import { laneLimitsOf } from '../../../src/core/endpoint.ts';
import type { AppendOutcome } from '../../../src/store/sql/append-results.ts';
import { append } from '../../../src/store/sql/operations/append.ts';
import { claimDue } from '../../../src/store/sql/operations/claim.ts';
import { recountLeases } from '../../../src/store/sql/operations/lane-leases.ts';
import { lockLanes } from '../../../src/store/sql/operations/lanes.ts';
import { settle } from '../../../src/store/sql/operations/settle.ts';
import { reschedule } from '../../../src/store/sql/operations/reschedule.ts';
import type { LeasedDelivery } from '../../../src/store/store.ts';
import { HeldTransaction, someoneWaits } from '../../support/held-transaction.ts';
import { sqlDatabases, type TestDatabase } from '../../support/sql-databases.ts';
import { putting } from './endpoint-fixtures.ts';
import { batch, claiming, delivery, entry, LEASE_MS, nextId, settlement } from './fixtures.ts';

const servers = sqlDatabases().filter(({ name }) => name !== 'libsql');

async function claimIds(database: TestDatabase): Promise<string[]> {
  const { leased } = await database.call('claimDue', claiming());
  return leased.map(({ id }) => id);
}

async function claimOne(database: TestDatabase): Promise<LeasedDelivery> {
  const { leased } = await database.call('claimDue', claiming());
  expect(leased).toHaveLength(1);
  return leased[0]!;
}

/** What the statement to be held at looks like. */
const LOCKS_LANES = /^\s*insert into \S*lanes\b/;
const LOCKS_SENDING = /^\s*select d\.seq from [^;]*\bwhere d\.lease is not null/;
const ADDS_COUNTS = /^\s*insert into \S*counts\b/;

// One connection does all on SQLite: there is nothing to wait for.
describe.skipIf(servers.length === 0).each(servers)('locks on $name', ({ create }) => {
  it('finds a delivery that is appended while a claim empties its lane', async () => {
    const database = await create();
    const first = delivery('ep');
    await database.call('append', batch([entry([first])]));
    const claim = await HeldTransaction.begin(database);
    const { leased } = await claim.run((db) => claimDue.script(db, claiming()));
    expect(leased.map(({ id }) => id)).toEqual([first.id]);
    const second = delivery('ep');
    const appended = database.call('append', batch([entry([second])]));
    await someoneWaits(database);
    await claim.commit();
    await appended;
    expect(await claimIds(database)).toEqual([second.id]);
    await database.close();
  });

  it('keeps only those waiting who append with the id of a message that is not committed', async () => {
    const database = await create();
    const [open, same, other] = [entry([], { id: 'mine' }), entry([], { id: 'mine' }), entry([])];
    const caller = await HeldTransaction.begin(database);
    await caller.run((db) => append.script(db, batch([open])));
    const waiting = database.call('append', batch([same]));
    await someoneWaits(database);
    const { entries } = await database.call('append', batch([other]));
    expect(entries).toMatchObject([{ kind: 'stored' }]);
    await caller.commit();
    expect((await waiting).entries).toMatchObject([{ kind: 'duplicate', messageId: 'mine' }]);
    await database.close();
  });

  it('finds a delivery whose lane is emptied before its append wakes it', async () => {
    const database = await create();
    const [first, second] = [delivery('ep'), delivery('ep')];
    await database.call('append', batch([entry([first])]));
    const appending = await HeldTransaction.begin(database);
    // With a key it goes the long way, statement by statement, everywhere.
    const keyed = entry([second], { idempotencyKey: 'key' });
    const finish = await appending.runUpTo(LOCKS_LANES, (db) => append.script(db, batch([keyed])));
    expect(await claimIds(database)).toEqual([first.id]);
    expect(await claimIds(database)).toEqual([]);
    await finish();
    await appending.commit();
    expect(await claimIds(database)).toEqual([second.id]);
    await database.close();
  });

  it('takes from other lanes what a claim that goes on does not hold', async () => {
    const database = await create();
    const [first, second] = [delivery('ep_1'), delivery('ep_2')];
    await database.call('append', batch([entry([first]), entry([second])]));
    const claim = await HeldTransaction.begin(database);
    await claim.run((db) => claimDue.script(db, claiming({ freeSlots: new Map([['ep_2', 0]]) })));
    expect(await claimIds(database)).toEqual([second.id]);
    await claim.rollback();
    expect(await claimIds(database)).toEqual([first.id]);
    await database.close();
  });

  it('goes on with a key whose next delivery is appended while the first is settled', async () => {
    const database = await create();
    const [first, second] = [delivery('ep', { orderingKey: 'key' }), delivery('ep', { orderingKey: 'key' })];
    await database.call('append', batch([entry([first])]));
    const leased = await claimOne(database);
    const appending = await HeldTransaction.begin(database);
    const finish = await appending.runUpTo(LOCKS_LANES, (db) => append.script(db, batch([entry([second])])));
    // It does not see the second one yet, and the second one sees it before it looks at the key.
    await database.call('settle', { settlements: [settlement(leased, { kind: 'succeeded' })] });
    await finish();
    await appending.commit();
    expect(await claimIds(database)).toEqual([second.id]);
    await database.close();
  });

  it('goes on with a key whose first delivery is settled while the next one is appended', async () => {
    const database = await create();
    const [first, second] = [delivery('ep', { orderingKey: 'key' }), delivery('ep', { orderingKey: 'key' })];
    await database.call('append', batch([entry([first])]));
    const leased = await claimOne(database);
    const appending = await HeldTransaction.begin(database);
    await appending.run((db) => append.script(db, batch([entry([second])])));
    const settled = database.call('settle', { settlements: [settlement(leased, { kind: 'succeeded' })] });
    await someoneWaits(database);
    await appending.commit();
    await settled;
    expect(await claimIds(database)).toEqual([second.id]);
    await database.close();
  });

  it('leases one delivery of a key whose first two are appended at once', async () => {
    const database = await create();
    const [first, second] = [delivery('ep', { orderingKey: 'key' }), delivery('ep', { orderingKey: 'key' })];
    const appending = await HeldTransaction.begin(database);
    await appending.run((db) => append.script(db, batch([entry([first])])));
    const appended = database.call('append', batch([entry([second])]));
    await someoneWaits(database);
    await appending.commit();
    await appended;
    expect(await claimIds(database)).toEqual([first.id]);
    await database.close();
  });

  it('writes outcomes while a claim holds their lane, and has what fails wait for it', async () => {
    const database = await create();
    await database.call('append', batch([entry([delivery('ep')]), entry([delivery('ep')])]));
    await database.call('append', batch([entry([delivery('ep')])]));
    const { leased } = await database.call('claimDue', claiming({ limit: 2 }));
    const [good, bad] = leased;
    const claim = await HeldTransaction.begin(database);
    const { leased: others } = await claim.run((db) => claimDue.script(db, claiming()));
    expect(others).toHaveLength(1);
    const succeeded = settlement(good!, { kind: 'succeeded' });
    expect(await database.call('settle', { settlements: [succeeded] })).toMatchObject([
      { state: 'succeeded' },
    ]);
    expect(await database.call('getLane', { laneId: 'ep' })).toMatchObject({ succeeded: 1 });
    const next = { kind: 'retry', delayMs: 1_000 } as const;
    const failed = settlement(bad!, { kind: 'endpoint_failed', reason: 'http_status', next });
    const settled = database.call('settle', { settlements: [failed] });
    await someoneWaits(database);
    await claim.commit();
    expect(await settled).toMatchObject([{ state: 'scheduled' }]);
    await database.clock.advance(1_000);
    expect(await claimIds(database)).toEqual([bad!.id]);
    await database.close();
  });

  it('cancels nothing whose outcome is written meanwhile', async () => {
    const database = await create();
    await database.call('append', batch([entry([delivery('ep')])]));
    const leased = await claimOne(database);
    const cancelling = await HeldTransaction.begin(database);
    const finish = await cancelling.runUpTo(LOCKS_SENDING, (db) =>
      reschedule.script(db, {
        where: { deliveryIds: [leased.id] },
        limit: 10,
        after: undefined,
        event: { kind: 'discard_requested', reason: 'cancelled' },
      }),
    );
    const succeeded = settlement(leased, { kind: 'succeeded' });
    expect(await database.call('settle', { settlements: [succeeded] })).toMatchObject([
      { state: 'succeeded' },
    ]);
    expect(await finish()).toMatchObject({ items: [] });
    await cancelling.commit();
    const record = await database.call('getDelivery', { id: leased.id });
    expect(record).toMatchObject({ state: 'succeeded' });
    await database.close();
  });

  it('writes outcomes of two processes in one order, with ordering keys and without', async () => {
    const database = await create();
    const deliveries = [delivery('ep'), delivery('ep'), delivery('ep', { orderingKey: 'key' })];
    await database.call('append', batch(deliveries.map((one) => entry([one]))));
    const { leased } = await database.call('claimDue', claiming());
    const settlements = leased.map((one) => settlement(one, { kind: 'succeeded' }));
    const [ordered, [first, second]] = [settlements.filter((one) => one.ordered), settlements];
    const one = await HeldTransaction.begin(database);
    const finish = await one.runUpTo(ADDS_COUNTS, (db) =>
      settle.script(db, { settlements: [first!, ...ordered] }),
    );
    const other = database.call('settle', { settlements: [second!] });
    await Promise.race([other, someoneWaits(database)]);
    expect(await finish()).toMatchObject([{ state: 'succeeded' }, { state: 'succeeded' }]);
    await one.commit();
    expect(await other).toMatchObject([{ state: 'succeeded' }]);
    expect(await database.call('getLane', { laneId: 'ep' })).toMatchObject({ succeeded: 3 });
    await database.close();
  });

  it('cancels many while their outcomes are written, without a deadlock', async () => {
    const database = await create();
    // Numbers and ids are in opposite orders.
    const ids = Array.from({ length: 100 }, (_, index) => nextId(`dlv_${1_000 - index}`));
    await database.call('append', batch(ids.map((id) => entry([delivery('ep', { id })]))));
    const { leased } = await database.call('claimDue', claiming({ limit: 100, perLane: 100 }));
    const settlements = leased.map((one) => settlement(one, { kind: 'succeeded' }));
    const last = settlements.toSorted((a, b) => (a.deliveryId < b.deliveryId ? -1 : 1)).at(-1)!;
    const cancelling = await HeldTransaction.begin(database);
    const settling = await HeldTransaction.begin(database);
    await settling.run((db) => settle.script(db, { settlements: [last] }));
    const cancelled = cancelling.run((db) =>
      reschedule.script(db, {
        where: { deliveryIds: ids },
        limit: 100,
        after: undefined,
        event: { kind: 'discard_requested', reason: 'cancelled' },
      }),
    );
    await someoneWaits(database);
    // All others are locked by now: whoever settles them waits, instead of the other way round.
    await settling.commit();
    expect((await cancelled).items).toHaveLength(99);
    await cancelling.commit();
    await database.close();
  });

  it('waits for a lane before it holds anything in it, though its limit came after the lease', async () => {
    const database = await create();
    const id = nextId('ep');
    await database.call('putEndpoint', putting({ id }));
    await database.call('append', batch([entry([delivery(id)])]));
    const leased = await claimOne(database);
    const limited = putting({
      id,
      limits: laneLimitsOf({ maxConcurrencyTotal: 1 }),
      expectedRevision: 1,
    });
    await database.call('putEndpoint', limited);
    const limiting = await HeldTransaction.begin(database);
    await limiting.run((db) => lockLanes(db, [id]));
    const settled = database.call('settle', { settlements: [settlement(leased, { kind: 'succeeded' })] });
    await someoneWaits(database);
    await limiting.run((db) => recountLeases(db, id));
    await limiting.commit();
    expect(await settled).toMatchObject([{ kind: 'settled', state: 'succeeded' }]);
    await database.close();
  });

  it('writes nothing of an outcome that comes while its lease is taken back', async () => {
    const database = await create();
    await database.call('append', batch([entry([delivery('ep')])]));
    const leased = await claimOne(database);
    await database.clock.advance(LEASE_MS + 1);
    const claim = await HeldTransaction.begin(database);
    const { rescued } = await claim.run((db) => claimDue.script(db, claiming()));
    expect(rescued.map(({ id }) => id)).toEqual([leased.id]);
    const settled = database.call('settle', { settlements: [settlement(leased, { kind: 'succeeded' })] });
    await someoneWaits(database);
    await claim.commit();
    expect(await settled).toEqual([{ kind: 'lost' }]);
    const { items } = await database.call('listRecords', {
      of: 'attempts',
      where: {},
      limit: 10,
      after: undefined,
      order: undefined,
    });
    expect(items).toMatchObject([{ outcome: 'interrupted' }]);
    expect(await database.call('getLane', { laneId: 'ep' })).toMatchObject({
      succeeded: 0,
      lastTriggeredAt: undefined,
      consecutiveFailures: 0,
    });
    await database.close();
  });

  it('takes nothing of a lane that is paused while a claim waits for it', async () => {
    const database = await create();
    const first = delivery('ep');
    await database.call('append', batch([entry([first])]));
    const claim = await HeldTransaction.begin(database);
    await claim.run((db) => claimDue.script(db, claiming()));
    const paused = database.call('putLane', { laneId: 'ep', paused: true });
    await someoneWaits(database);
    await claim.rollback();
    await paused;
    expect(await claimIds(database)).toEqual([]);
    await database.call('putLane', { laneId: 'ep', paused: false });
    expect(await claimIds(database)).toEqual([first.id]);
    await database.close();
  });

  it('answers a message that another process is storing when that one is done', async () => {
    const database = await create();
    const message = entry([delivery('ep')], { idempotencyKey: 'key' });
    for (const end of ['commit', 'rollback'] as const) {
      const appending = await HeldTransaction.begin(database);
      await appending.run((db) => append.script(db, batch([message])));
      // Where a conflict can only be an error, the runner of the store repeats the transaction.
      const again = (): Promise<AppendOutcome> => database.call('append', batch([message]));
      const appended = again().catch(again);
      await someoneWaits(database);
      await appending[end]();
      const outcome = await appended;
      expect(outcome.entries.map(({ kind }) => kind)).toEqual([end === 'commit' ? 'duplicate' : 'stored']);
      await database.run(function* ({ names }) {
        for (const table of [names.messages, names.deliveries])
          yield { sql: `delete from ${table}`, parameters: [], isFixed: false };
      });
    }
    await database.close();
  });
});
