import assert from 'node:assert/strict';
import type { SuiteCase } from './suite-case.ts';

export const closeCases: readonly SuiteCase[] = [
  {
    name: 'has a name and says what it can do',
    async run(world) {
      assert.match(world.store.name, /^[a-z][a-z0-9_-]*$/);
      for (const name of ['durable', 'shared', 'transactions', 'notifications'] as const) {
        assert.equal(typeof world.store.capabilities[name], 'boolean', name);
      }
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
