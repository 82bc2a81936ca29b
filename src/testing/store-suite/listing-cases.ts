import assert from 'node:assert/strict';
import type { Listable, ListWhere } from '../../store/store.ts';
import type { StoreWorld } from './store-world.ts';
import type { SuiteCase } from './suite-case.ts';

async function listAll<K extends keyof Listable>(
  world: StoreWorld,
  of: K,
  where: ListWhere = {},
  limit = 100,
  order?: 'oldest',
): Promise<Listable[K][]> {
  const found: Listable[K][] = [];
  let cursor: string | undefined;
  do {
    const page = await world.store.list({ of, where, order, cursor, limit });
    assert.ok(page.items.length > 0 || page.nextCursor === undefined, 'no page but the last is empty');
    found.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

const ids = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id);

/** Three messages a minute apart: a to ep_1 and ep_2 (one delivered), b to ep_1 (waits for a retry), c to nobody. */
async function fill(
  world: StoreWorld,
): Promise<{ a: string; b: string; c: string; a1: string; a2: string; b1: string }> {
  const a = world.entry([world.delivery('ep_1'), world.delivery('ep_2')], {
    tenant: 'acme',
    type: 'job.done',
  });
  const b = world.entry([world.delivery('ep_1')], { type: 'job.failed' });
  const c = world.entry([], { type: 'job.done' });
  await world.append([a]);
  const { leased } = await world.claim();
  await world.succeed(leased.find(({ endpointId }) => endpointId === 'ep_1')!);
  await world.exhaust(leased.find(({ endpointId }) => endpointId === 'ep_2')!);
  await world.advance(60_000);
  await world.append([b]);
  await world.retryIn(await world.claimOne(), 600_000);
  await world.advance(60_000);
  await world.append([c]);
  const [a1, a2, b1] = [...a.deliveries, ...b.deliveries].map(({ id }) => id);
  return { a: a.message.id, b: b.message.id, c: c.message.id, a1: a1!, a2: a2!, b1: b1! };
}

export const listingCases: readonly SuiteCase[] = [
  {
    name: 'answers undefined for ids it does not know',
    async run(world) {
      assert.equal(await world.store.getMessage({ id: 'unknown' }), undefined);
      assert.equal(await world.store.getDelivery({ id: 'unknown' }), undefined);
    },
  },
  {
    name: 'lists deliveries newest first, in pages of any size',
    async run(world) {
      const emitted = await world.emit(Array.from({ length: 7 }, (_, index) => `ep_${index % 2}`));
      const expected = emitted.reverse();
      for (const limit of [1, 3, 7, 100]) {
        assert.deepEqual(ids(await listAll(world, 'deliveries', {}, limit)), expected);
      }
      const page = await world.store.list({ of: 'deliveries', where: {}, limit: 7 });
      assert.equal(page.nextCursor, undefined, 'a full last page is the last');
      const read = await world.store.getDelivery({ id: expected[0]! });
      assert.deepEqual(page.items[0], read);
    },
  },
  {
    name: 'finds deliveries by each member of where',
    async run(world) {
      const { a, b, c, a1, a2, b1 } = await fill(world);
      const { createdAt } = await world.read(b1);
      const finishedAt = (await world.read(a1)).finishedAt!;
      const table: readonly (readonly [ListWhere, readonly string[]])[] = [
        [{}, [b1, a2, a1]],
        [{ tenant: 'acme' }, [a2, a1]],
        [{ endpointId: 'ep_1' }, [b1, a1]],
        [{ messageId: a }, [a2, a1]],
        [{ messageIds: [c, b, a, a, 'unknown'] }, [b1, a2, a1]],
        [{ messageIds: [a], endpointId: 'ep_2' }, [a2]],
        [{ messageIds: [] }, []],
        [{ finishedBefore: createdAt }, [b1, a2, a1]],
        [{ finishedBefore: finishedAt }, [b1]],
        [{ finishedBefore: finishedAt + 1, states: ['succeeded'] }, [a1]],
        [{ deliveryId: a2 }, [a2]],
        [{ types: ['job.failed', 'job.unknown'] }, [b1]],
        [{ states: ['exhausted', 'scheduled'] }, [b1, a2]],
        [{ since: createdAt }, [b1]],
        [{ until: createdAt }, [a2, a1]],
        [{ since: createdAt, until: createdAt }, []],
        [{ endpointId: 'ep_1', states: ['succeeded'], tenant: 'acme' }, [a1]],
        [{ endpointId: 'ep_2', messageId: a, deliveryId: a1 }, []],
        [{ states: [] }, []],
        [{ types: [] }, []],
        [{ endpointId: 'unknown' }, []],
        [{ tenant: 'ACME' }, []],
      ];
      for (const [where, expected] of table) {
        assert.deepEqual(ids(await listAll(world, 'deliveries', where, 1)), expected, JSON.stringify(where));
      }
    },
  },
  {
    name: 'finds messages by themselves and by their deliveries',
    async run(world) {
      const { a, b, c, a1, b1 } = await fill(world);
      const since = (await world.store.getMessage({ id: b }))?.createdAt;
      const table: readonly (readonly [ListWhere, readonly string[]])[] = [
        [{}, [c, b, a]],
        [{ tenant: 'acme' }, [a]],
        [{ types: ['job.done'] }, [c, a]],
        [{ since }, [c, b]],
        [{ messageId: b }, [b]],
        [{ messageIds: [a, c, a, 'unknown'] }, [c, a]],
        [{ messageIds: [a, b], endpointId: 'ep_2' }, [a]],
        [{ finishedBefore: since, states: ['succeeded'] }, [a]],
        [{ deliveryId: b1 }, [b]],
        [{ endpointId: 'ep_1' }, [b, a]],
        [{ states: ['exhausted'] }, [a]],
        [{ endpointId: 'ep_1', states: ['exhausted'] }, []],
        [{ messageId: b, deliveryId: a1 }, []],
        [{ messageId: 'unknown' }, []],
      ];
      for (const [where, expected] of table) {
        assert.deepEqual(ids(await listAll(world, 'messages', where, 1)), expected, JSON.stringify(where));
      }
      assert.deepEqual(await listAll(world, 'messages', { messageId: a }), [
        await world.store.getMessage({ id: a }),
      ]);
    },
  },
  {
    name: 'finds attempts by themselves and by their delivery',
    async run(world) {
      const { a, b, a1, a2, b1 } = await fill(world);
      await world.advance(600_000);
      await world.exhaust(await world.claimOne());
      const since = (await world.attempts(b1))[1]?.startedAt;
      const table: readonly (readonly [ListWhere, readonly string[]])[] = [
        [{}, [`${b1}/2`, `${b1}/1`, `${a2}/1`, `${a1}/1`]],
        [{ deliveryId: b1 }, [`${b1}/2`, `${b1}/1`]],
        [{ messageId: a }, [`${a2}/1`, `${a1}/1`]],
        [{ messageIds: [b, a] }, [`${b1}/2`, `${b1}/1`, `${a2}/1`, `${a1}/1`]],
        [{ endpointId: 'ep_1' }, [`${b1}/2`, `${b1}/1`, `${a1}/1`]],
        [{ states: ['exhausted'], endpointId: 'ep_1' }, [`${b1}/2`, `${b1}/1`]],
        [{ types: ['job.done'], tenant: 'acme' }, [`${a2}/1`, `${a1}/1`]],
        [{ since }, [`${b1}/2`, `${b1}/1`]],
        [{ until: since }, [`${a2}/1`, `${a1}/1`]],
        [{ messageId: b, deliveryId: a1 }, []],
      ];
      for (const [where, expected] of table) {
        const found = await listAll(world, 'attempts', where, 1);
        assert.deepEqual(
          found.map(({ deliveryId, attempt }) => `${deliveryId}/${attempt}`),
          expected,
          JSON.stringify(where),
        );
      }
    },
  },
  {
    name: 'lists oldest first when asked to, in pages of any size',
    async run(world) {
      const emitted = await world.emit(Array.from({ length: 7 }, (_, index) => `ep_${index % 2}`));
      await world.succeed(...(await world.claim()).leased);
      for (const limit of [1, 3, 7, 100]) {
        assert.deepEqual(ids(await listAll(world, 'deliveries', {}, limit, 'oldest')), emitted);
        for (const of of ['messages', 'attempts'] as const) {
          const newest = await listAll(world, of, {}, limit);
          assert.deepEqual(await listAll(world, of, {}, limit, 'oldest'), newest.reverse());
        }
      }
      const first = await world.store.list({ of: 'deliveries', where: {}, order: 'oldest', limit: 5 });
      const late = await world.emitOne('ep_1');
      const { nextCursor: cursor } = first;
      const rest = await world.store.list({ of: 'deliveries', where: {}, order: 'oldest', cursor, limit: 5 });
      assert.deepEqual(ids([...first.items, ...rest.items]), [...emitted, late]);
    },
  },
  {
    name: 'lists the attempts of a message in the order in which they were written',
    async run(world) {
      const entry = world.entry([world.delivery('ep_1'), world.delivery('ep_2')]);
      await world.append([entry]);
      const expected: string[] = [];
      for (const attempt of [1, 2, 3]) {
        for (const leased of (await world.claim()).leased) {
          await world.retryIn(leased, 0);
          expected.unshift(`${leased.id}/${attempt}`);
        }
      }
      const found = await listAll(world, 'attempts', { messageId: entry.message.id }, 2);
      assert.deepEqual(
        found.map(({ deliveryId, attempt }) => `${deliveryId}/${attempt}`),
        expected,
      );
    },
  },
  {
    name: 'keeps a page where it was while rows come and go',
    async run(world) {
      const finished = await world.emit(Array.from({ length: 10 }, () => 'ep'));
      await world.succeed(...(await world.claim()).leased);
      await world.advance(60_000);
      const waiting = await world.emit(Array.from({ length: 10 }, () => 'ep'));
      const first = await world.store.list({ of: 'deliveries', where: {}, limit: 4 });
      await world.emit(['ep', 'ep', 'ep']);
      const second = await world.store.list({
        of: 'deliveries',
        where: {},
        cursor: first.nextCursor,
        limit: 3,
      });
      const { messages } = await world.store.prune({
        retention: { succeededMs: 1_000, unsuccessfulMs: 1_000 },
        budgetMs: 60_000,
      });
      assert.equal(messages, finished.length);
      const rest = await world.store.list({
        of: 'deliveries',
        where: {},
        cursor: second.nextCursor,
        limit: 100,
      });
      assert.deepEqual(ids([...first.items, ...second.items, ...rest.items]), waiting.reverse());
    },
  },
  {
    name: 'gives out copies that later changes do not touch',
    async run(world) {
      const [id] = await world.emit(['ep']);
      const [page, read] = [await listAll(world, 'deliveries'), await world.read(id!)];
      const leased = await world.claimOne();
      const kept = { ...leased };
      await world.retryIn(leased, 60_000);
      assert.deepEqual([page[0]?.state, read.state, page[0]?.attempts], ['scheduled', 'scheduled', 0]);
      assert.deepEqual(leased, kept);
    },
  },
];
