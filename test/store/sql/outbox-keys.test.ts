import { describe, expect, it } from 'vitest';
import { createOutbox } from '../../../src/store/sql/outbox.ts';
import type { Script, StatementResult } from '../../../src/store/sql/script.ts';
import { retryTransient } from '../../../src/store/sql/retrying-runner.ts';
import { sqlDatabases, type TestDatabase } from '../../support/sql-databases.ts';
import { batch, entry } from './fixtures.ts';

const WINDOW_MS = 1_000;
const LEASE_MS = 60_000;

/** Stores messages as transactions of the application would, all with the same key unless told otherwise. */
async function store(
  database: TestDatabase,
  ids: readonly string[],
  keyOf = (_: string) => 'key',
): Promise<void> {
  const notification = { channel: 'posthorn_test', payload: 'fan_out' };
  const outbox = createOutbox(database.db, { now: () => database.clock.now(), notification });
  for (const id of ids) {
    const { message } = entry([], { id, idempotencyKey: keyOf(id) });
    const { sql, parameters } = outbox.statement({ message, idempotencyWindowMs: WINDOW_MS });
    await database.run(function* () {
      yield { sql, parameters, isFixed: false };
    });
  }
}

let claims = 0;

async function claim(database: TestDatabase, limit = 100): Promise<readonly string[]> {
  claims += 1;
  const params = { limit, leaseMs: LEASE_MS, lease: `lease_${claims}` };
  const step = await database.call('claimFanOut', params);
  if (step.isUnfinished) return claim(database, limit);
  await database.call('completeFanOut', { results: [], turn: params.lease });
  return step.claims.map(({ message }) => message.id);
}

async function stored(database: TestDatabase, ids: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(ids.map((id) => database.call('getMessage', { id })));
  return ids.filter((_, index) => found[index] !== undefined);
}

describe.each(sqlDatabases())('keys of messages of the outbox on $name', ({ create }) => {
  it('belong to the first that is claimed, and the others are removed', async () => {
    const database = await create();
    await store(database, ['a', 'b', 'c']);
    await store(database, ['d'], () => 'other key');
    expect(await claim(database)).toEqual(['a', 'd']);
    await store(database, ['e', 'f'], (id) => (id === 'e' ? 'key' : 'third key'));
    expect(await claim(database)).toEqual(['f']);
    expect(await stored(database, ['a', 'b', 'c', 'd', 'e', 'f'])).toEqual(['a', 'd', 'f']);
    await database.close();
  });

  it('are given by the time at which messages were stored, however late they are claimed', async () => {
    const database = await create();
    await store(database, ['a']);
    await database.clock.advance(WINDOW_MS - 1);
    await store(database, ['b']);
    await database.clock.advance(1);
    await store(database, ['c']);
    await database.clock.advance(WINDOW_MS - 1);
    await store(database, ['d']);
    await database.clock.advance(10 * WINDOW_MS);
    expect(await claim(database)).toEqual(['a', 'c']);
    expect(await stored(database, ['a', 'b', 'c', 'd'])).toEqual(['a', 'c']);
    await database.close();
  });

  it('are not asked for again by messages that had theirs for its window', async () => {
    const database = await create();
    await store(database, ['a']);
    await database.clock.advance(WINDOW_MS);
    await store(database, ['b']);
    expect(await claim(database)).toEqual(['a', 'b']);
    // Whoever claimed them is gone.
    await database.clock.advance(LEASE_MS);
    expect(await claim(database)).toEqual(['a', 'b']);
    await database.close();
  });

  it('stay with a later message whose window does not overlap', async () => {
    const database = await create();
    await store(database, ['late']);
    await database.clock.advance(WINDOW_MS);
    const direct = entry([], { idempotencyKey: 'key' });
    await database.call('append', batch([direct]));
    // Its transaction was open all the time.
    expect(await claim(database)).toEqual(['late']);
    const again = await database.call('append', batch([entry([], { idempotencyKey: 'key' })]));
    expect(again.entries).toMatchObject([{ kind: 'duplicate', messageId: direct.message.id }]);
    await database.close();
  });

  it('are removed step by step, each of which is committed', async () => {
    const database = await create();
    await store(database, ['a', 'b', 'c', 'd']);
    const params = { limit: 2, leaseMs: LEASE_MS, lease: 'lease' };
    expect(await claim(database, 2)).toEqual(['a']);
    expect(await database.call('claimFanOut', params)).toEqual({
      claims: [],
      busy: false,
      isUnfinished: true,
    });
    expect(await stored(database, ['a', 'b', 'c', 'd'])).toEqual(['a']);
    expect(await database.call('claimFanOut', params)).toEqual({
      claims: [],
      busy: false,
      isUnfinished: false,
    });
    await database.close();
  });

  it('do not hide what is stored behind many that are removed', async () => {
    const database = await create();
    await store(database, ['a']);
    expect(await claim(database)).toEqual(['a']);
    await store(database, ['b', 'c', 'd', 'e', 'f'], (id) => (id === 'f' ? 'other key' : 'key'));
    expect(await claim(database, 2)).toEqual(['f']);
    expect(await claim(database, 2)).toEqual([]);
    await database.close();
  });

  it('are given once, whoever claims and emits at the same time', async () => {
    const database = await create();
    const ids = Array.from({ length: 60 }, (_, index) => `m_${index}`);
    const keyOf = (id: string): string => `key_${Number(id.slice(2)) % 7}`;
    await store(database, ids, keyOf);
    const direct = Array.from({ length: 7 }, (_, index) => entry([], { idempotencyKey: `key_${index}` }));
    // As a store does: who loses a race begins anew.
    const again = <T>(call: () => Promise<T>): Promise<T> => retryTransient(call);
    const work = [
      ...Array.from({ length: 6 }, () => again(() => claim(database, 10))),
      ...direct.map((one) => again(() => database.call('append', batch([one])))),
    ];
    await Promise.all(work);
    while ((await claim(database)).length > 0);
    const all = [...ids, ...direct.map(({ message }) => message.id)];
    const left = await Promise.all(all.map((id) => database.call('getMessage', { id })));
    const keys = left.flatMap((message) => message?.idempotencyKey ?? []).sort();
    expect(keys).toEqual(Array.from({ length: 7 }, (_, index) => `key_${index}`));
    await database.close();
  });
});

describe.each(sqlDatabases())('an outbox statement on $name', ({ create }) => {
  it('answers with a row where the database can, for those who ask for rows', async () => {
    const database = await create();
    const outbox = createOutbox(database.db, {
      now: () => database.clock.now(),
      notification: { channel: 'posthorn_test', payload: 'fan_out' },
    });
    const { message } = entry([]);
    const { sql, parameters } = outbox.statement({ message, idempotencyWindowMs: WINDOW_MS });
    const { rows } = await database.run(function* (): Script<StatementResult> {
      return yield { sql, parameters, isFixed: false };
    });
    expect(rows).toMatchObject(database.db.dialect.hasReturning ? [{ id: message.id }] : []);
    await database.close();
  });

  it('pays no heed to idempotency keys when the window has no length', async () => {
    const database = await create();
    const holder = entry([], { idempotencyKey: 'key' });
    await database.call('append', batch([holder]));
    const notification = { channel: 'posthorn_test', payload: 'fan_out' };
    const outbox = createOutbox(database.db, { now: () => database.clock.now(), notification });
    const { message } = entry([], { idempotencyKey: 'key' });
    const { sql, parameters } = outbox.statement({ message, idempotencyWindowMs: 0 });
    await database.run(function* () {
      yield { sql, parameters, isFixed: false };
    });
    expect(await database.call('getMessage', { id: message.id })).toMatchObject({ idempotencyKey: 'key' });
    const again = await database.call('append', batch([entry([], { idempotencyKey: 'key' })]));
    expect(again.entries).toMatchObject([{ kind: 'duplicate', messageId: holder.message.id }]);
    await database.close();
  });
});
