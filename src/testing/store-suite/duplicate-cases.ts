import assert from 'node:assert/strict';
import type { SuiteCase } from './suite-case.ts';

const DAY_MS = 86_400_000;

export const duplicateCases: readonly SuiteCase[] = [
  {
    name: 'answers a known id with the stored message and its deliveries',
    async run(world) {
      const entry = world.entry([world.delivery('ep_1'), world.delivery('ep_2')], { fingerprint: 'same' });
      await world.append([entry]);
      const again = world.entry([world.delivery('ep_3')], { id: entry.message.id, fingerprint: 'same' });
      const [result] = await world.append([again]);
      assert.ok(result?.kind === 'duplicate');
      assert.equal(result.messageId, entry.message.id);
      const byId = (a: { id: string }, b: { id: string }): number => a.id.localeCompare(b.id);
      const expected = entry.deliveries.map(({ id, endpointId }) => ({ id, endpointId }));
      assert.deepEqual([...result.deliveries].sort(byId), expected.sort(byId));
      assert.equal(await world.store.getDelivery({ id: again.deliveries[0]!.id }), undefined);
    },
  },
  {
    name: 'takes two missing fingerprints for equal',
    async run(world) {
      const entry = world.entry([]);
      await world.append([entry]);
      assert.equal((await world.append([entry]))[0]?.kind, 'duplicate');
    },
  },
  {
    name: 'reports a conflict when the fingerprint differs',
    async run(world) {
      const { message } = world.entry([], { fingerprint: 'one' });
      await world.append([{ message, deliveries: [], fannedOut: true }]);
      for (const fingerprint of ['two', undefined]) {
        const [result] = await world.append([
          world.entry([world.delivery('ep')], { id: message.id, fingerprint }),
        ]);
        assert.deepEqual(result, { kind: 'conflict', messageId: message.id });
      }
      assert.equal((await world.store.getMessage({ id: message.id }))?.dataJson, message.dataJson);
      assert.deepEqual(await world.claimIds(), []);
    },
  },
  {
    name: 'reports a conflict when the id belongs to another tenant',
    async run(world) {
      const entry = world.entry([], { tenant: 'a', fingerprint: 'same' });
      await world.append([entry]);
      const [result] = await world.append([
        world.entry([], { id: entry.message.id, tenant: 'b', fingerprint: 'same' }),
      ]);
      assert.equal(result?.kind, 'conflict');
    },
  },
  {
    name: 'answers a known idempotency key like a known id',
    async run(world) {
      const entry = world.entry([world.delivery('ep')], { idempotencyKey: 'key', fingerprint: 'same' });
      await world.append([entry]);
      const results = await world.append([
        world.entry([], { idempotencyKey: 'key', fingerprint: 'same' }),
        world.entry([], { idempotencyKey: 'key', fingerprint: 'other' }),
        world.entry([], { idempotencyKey: 'other key', fingerprint: 'same' }),
      ]);
      const { id, endpointId } = entry.deliveries[0]!;
      const messageId = entry.message.id;
      assert.deepEqual(results, [
        { kind: 'duplicate', messageId, deliveries: [{ id, endpointId }] },
        { kind: 'conflict', messageId },
        { kind: 'stored', leased: [] },
      ]);
    },
  },
  {
    name: 'keeps the idempotency keys of tenants apart',
    async run(world) {
      const results = await world.append([
        world.entry([], { tenant: 'a', idempotencyKey: 'b:c', fingerprint: '1' }),
        world.entry([], { tenant: 'a:b', idempotencyKey: 'c', fingerprint: '2' }),
        world.entry([], { tenant: 'ab', idempotencyKey: ':c', fingerprint: '3' }),
        world.entry([], { tenant: 'A', idempotencyKey: 'b:c', fingerprint: '4' }),
        world.entry([], { tenant: 'a', idempotencyKey: 'B:C', fingerprint: '5' }),
      ]);
      for (const result of results) assert.equal(result.kind, 'stored');
    },
  },
  {
    name: 'forgets an idempotency key when its window is over',
    async run(world) {
      const entry = world.entry([], { idempotencyKey: 'key', fingerprint: 'one' });
      await world.append([entry], { idempotencyWindowMs: DAY_MS });
      await world.advance(DAY_MS - 60_000);
      const early = await world.append([world.entry([], { idempotencyKey: 'key', fingerprint: 'two' })]);
      assert.equal(early[0]?.kind, 'conflict');
      await world.advance(120_000);
      const later = world.entry([], { idempotencyKey: 'key', fingerprint: 'two' });
      assert.equal((await world.append([later]))[0]?.kind, 'stored');
      const [again] = await world.append([world.entry([], { idempotencyKey: 'key', fingerprint: 'two' })]);
      assert.ok(again?.kind === 'duplicate' && again.messageId === later.message.id);
    },
  },
  {
    name: 'remembers an idempotency key as long as its message when the window is endless',
    async run(world) {
      await world.append([world.entry([], { idempotencyKey: 'key' })], { idempotencyWindowMs: Infinity });
      await world.advance(1_000 * DAY_MS);
      assert.equal((await world.append([world.entry([], { idempotencyKey: 'key' })]))[0]?.kind, 'duplicate');
    },
  },
  {
    name: 'pays no heed to idempotency keys when the window has no length, and takes none from its message',
    async run(world) {
      const holder = world.entry([], { idempotencyKey: 'key', fingerprint: 'one' });
      await world.append([holder]);
      const without = [1, 2].map(() => world.entry([], { idempotencyKey: 'key', fingerprint: 'two' }));
      for (const { kind } of await world.append(without, { idempotencyWindowMs: 0 }))
        assert.equal(kind, 'stored');
      const [result] = await world.append([world.entry([], { idempotencyKey: 'key', fingerprint: 'two' })]);
      assert.deepEqual(result, { kind: 'conflict', messageId: holder.message.id });
    },
  },
  {
    name: 'takes equal entries of one batch as first and second',
    async run(world) {
      const entry = world.entry([world.delivery('ep')], { fingerprint: 'one', idempotencyKey: 'key' });
      const results = await world.append([
        entry,
        { ...entry, deliveries: [world.delivery('ep')] },
        world.entry([], { id: entry.message.id, fingerprint: 'two' }),
        world.entry([], { idempotencyKey: 'key', fingerprint: 'one' }),
      ]);
      assert.deepEqual(
        results.map(({ kind }) => kind),
        ['stored', 'duplicate', 'conflict', 'duplicate'],
      );
      assert.deepEqual(await world.claimIds(), [entry.deliveries[0]!.id]);
    },
  },
  {
    name: 'stores the other entries of a batch that holds duplicates and conflicts',
    async run(world) {
      const taken = world.entry([], { fingerprint: 'one' });
      await world.append([taken]);
      const [first, last] = [world.entry([world.delivery('ep')]), world.entry([world.delivery('ep')])];
      const results = await world.append([
        first,
        taken,
        { ...taken, message: { ...taken.message, fingerprint: 'x' } },
        last,
      ]);
      assert.deepEqual(
        results.map(({ kind }) => kind),
        ['stored', 'duplicate', 'conflict', 'stored'],
      );
      assert.equal((await world.claimIds()).length, 2);
    },
  },
  {
    name: 'stores a message once when two handles append it at the same time',
    async run(world) {
      const other = await world.second();
      const entries = Array.from({ length: 20 }, () => world.entry([world.delivery('ep')]));
      const params = { hiddenEndpoints: [], owner: 'other', leaseMs: 60_000, idempotencyWindowMs: Infinity };
      const [one, two] = await Promise.all([world.append(entries), other.append({ entries, ...params })]);
      for (const [index, result] of one.entries()) {
        assert.deepEqual(new Set([result.kind, two[index]?.kind]), new Set(['stored', 'duplicate']));
      }
      assert.equal((await world.claimIds()).length, entries.length);
    },
  },
];
