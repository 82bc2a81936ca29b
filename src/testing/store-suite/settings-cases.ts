import assert from 'node:assert/strict';
import type { SuiteCase } from './suite-case.ts';

export const settingsCases: readonly SuiteCase[] = [
  {
    name: 'answers undefined for a key that was never written',
    async run(world) {
      assert.equal(await world.store.settings.get({ key: 'unknown' }), undefined);
    },
  },
  {
    name: 'stores, replaces and removes values',
    async run(world) {
      const { settings } = world.store;
      await settings.put({ key: 'switch', value: 'off' });
      assert.equal(await (await world.second()).settings.get({ key: 'switch' }), 'off');
      await settings.put({ key: 'switch', value: '' });
      assert.equal(await settings.get({ key: 'switch' }), '');
      await settings.put({ key: 'switch', value: undefined });
      await settings.put({ key: 'never there', value: undefined });
      assert.equal(await settings.get({ key: 'switch' }), undefined);
    },
  },
  {
    name: 'keeps its own settings apart from those of callers',
    async run(world) {
      const keys = ['sql.changes', 'sql.schema_version', 'key.sql.changes', 'key.', 'version', 'epoch'];
      for (const key of keys) assert.equal(await world.store.settings.get({ key }), undefined, key);
      for (const key of keys) await world.store.settings.put({ key, value: `of ${key}` });
      for (const key of keys) assert.equal(await world.store.settings.get({ key }), `of ${key}`);
      await world.putEndpoint();
      for (const key of keys) await world.store.settings.put({ key, value: undefined });
      await (await world.second()).settings.put({ key: 'switch', value: 'off' });
    },
  },
  {
    name: 'keeps keys apart and values exactly',
    async run(world) {
      const values = { a: '{"x":"\u2028"}', A: `'; --`, __proto: '👩‍🚀', constructor: 'c' };
      for (const [key, value] of Object.entries(values)) await world.store.settings.put({ key, value });
      for (const [key, value] of Object.entries(values))
        assert.equal(await world.store.settings.get({ key }), value);
    },
  },
];
