import { describe, expect, it } from 'vitest';
import { toAppendResults } from '../../../src/store/sql/append-results.ts';
import { claimDue } from '../../../src/store/sql/operations/claim.ts';
import { reschedule } from '../../../src/store/sql/operations/reschedule.ts';
import { settle } from '../../../src/store/sql/operations/settle.ts';
import type { LeasedDelivery } from '../../../src/store/store.ts';
import { HeldTransaction, someoneWaits } from '../../support/held-transaction.ts';
import { sqlDatabases, type TestDatabase } from '../../support/sql-databases.ts';
import { batch, claiming, delivery, entry, nextId, settlement } from './fixtures.ts';

const servers = sqlDatabases().filter(({ name }) => name !== 'libsql');

const all = { where: {}, after: undefined, limit: 10 } as const;
const cancelling = { ...all, event: { kind: 'discard_requested', reason: 'cancelled' } } as const;
const retrying = { ...all, event: { kind: 'retry_requested' } } as const;
const retriedNow = {
  kind: 'endpoint_failed',
  reason: 'timeout',
  next: { kind: 'retry', delayMs: 0 },
} as const;

async function appendLeased(database: TestDatabase): Promise<LeasedDelivery> {
  const entries = [entry([delivery('ep', { lease: nextId('lease') })])];
  const [result] = toAppendResults(entries, await database.call('append', batch(entries)));
  if (result?.kind !== 'stored') throw new TypeError('expected it to be stored');
  return result.leased[0]!;
}

async function claimIds(database: TestDatabase): Promise<string[]> {
  const { leased } = await database.call('claimDue', claiming());
  return leased.map(({ id }) => id);
}

// One connection does all on SQLite: there is nothing to wait for.
describe.skipIf(servers.length === 0).each(servers)(
  'reschedule at once with others on $name',
  ({ create }) => {
    it('cancels a delivery that is being scheduled again', async () => {
      const database = await create();
      const leased = await appendLeased(database);
      const settling = await HeldTransaction.begin(database);
      await settling.run((db) => settle.script(db, { settlements: [settlement(leased, retriedNow)] }));
      const cancelled = database.call('reschedule', cancelling);
      await someoneWaits(database);
      await settling.commit();
      expect((await cancelled).items).toMatchObject([
        { id: leased.id, state: 'discarded', reason: 'cancelled' },
      ]);
      expect(await claimIds(database)).toEqual([]);
      await database.close();
    });

    it('leaves a delivery alone that is being delivered when it is cancelled', async () => {
      const database = await create();
      const leased = await appendLeased(database);
      const settling = await HeldTransaction.begin(database);
      await settling.run((db) =>
        settle.script(db, { settlements: [settlement(leased, { kind: 'succeeded' })] }),
      );
      const cancelled = database.call('reschedule', cancelling);
      await someoneWaits(database);
      await settling.commit();
      expect(await cancelled).toEqual({ items: [], next: undefined });
      expect(await database.call('getDelivery', { id: leased.id })).toMatchObject({ state: 'succeeded' });
      await database.close();
    });

    it('lets a settle know of a cancellation that is being written', async () => {
      const database = await create();
      const leased = await appendLeased(database);
      const cancellation = await HeldTransaction.begin(database);
      const { items } = await cancellation.run((db) => reschedule.script(db, cancelling));
      expect(items).toMatchObject([{ id: leased.id, state: 'sending' }]);
      const settled = database.call('settle', { settlements: [settlement(leased, retriedNow)] });
      await someoneWaits(database);
      await cancellation.commit();
      expect(await settled).toEqual([{ kind: 'settled', state: 'discarded', reason: 'cancelled' }]);
      await database.close();
    });

    it('marks a delivery that is being claimed when it is cancelled', async () => {
      const database = await create();
      const waiting = delivery('ep');
      await database.call('append', batch([entry([waiting])]));
      const claim = await HeldTransaction.begin(database);
      const { leased } = await claim.run((db) => claimDue.script(db, claiming()));
      const cancelled = database.call('reschedule', cancelling);
      await someoneWaits(database);
      await claim.commit();
      expect((await cancelled).items).toMatchObject([{ id: waiting.id, state: 'sending' }]);
      const settlements = [settlement(leased[0]!, retriedNow)];
      expect(await database.call('settle', { settlements })).toMatchObject([{ state: 'discarded' }]);
      await database.close();
    });

    it('retries a delivery once that two want to retry', async () => {
      const database = await create();
      const leased = await appendLeased(database);
      await database.call('settle', { settlements: [settlement(leased, { kind: 'succeeded' })] });
      const first = await HeldTransaction.begin(database);
      await first.run((db) => reschedule.script(db, retrying));
      const second = database.call('reschedule', retrying);
      await someoneWaits(database);
      await first.commit();
      expect((await second).items).toMatchObject([
        { id: leased.id, state: 'scheduled', attemptsBeforeRun: 1 },
      ]);
      expect(await claimIds(database)).toEqual([leased.id]);
      await database.close();
    });
  },
);
