import assert from 'node:assert/strict';
import type { SuiteCase } from './suite-case.ts';

export const closeCases: readonly SuiteCase[] = [
  {
    name: 'has a name and says what it can do',
    async run(world) {
      assert.match(world.store.name, /^[a-z][a-z0-9_-]*$/);
      for (const name of ['durable', 'shared', 'transactions', 'notifications', 'encrypted'] as const) {
        assert.equal(typeof world.store.capabilities[name], 'boolean', name);
      }
    },
  },
  {
    name: 'tells its time, which is that of the rows',
    async run(world) {
      const before = await world.store.now();
      const { createdAt } = await world.read(await world.emitOne('ep'));
      const after = await (await world.second()).now();
      // Clocks of databases are finer than a millisecond, and rounded.
      assert.ok(before <= createdAt + 1 && createdAt <= after + 1, `${before}, ${createdAt}, ${after}`);
      await world.advance(60_000);
      assert.ok((await world.store.now()) >= after + 60_000 - 1);
    },
  },
  {
    name: 'shows each handle what the others wrote',
    async run(world) {
      const other = await world.second();
      const id = await world.emitOne('ep');
      assert.deepEqual(await other.getDelivery({ id }), await world.read(id));
      const [leased] = (await world.claim({}, other)).leased;
      assert.equal((await world.read(id)).state, 'sending');
      await world.succeed(leased!);
      assert.equal((await other.getDelivery({ id }))?.state, 'succeeded');
    },
  },
  {
    name: 'can be closed again',
    async run(world) {
      await world.emitOne('ep');
      await world.store.close();
      await world.store.close();
    },
  },
];
