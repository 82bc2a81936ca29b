/** A process that stood still for so long that changes which it has not read were removed. */
import Libsql from 'libsql';
import { expect, it } from 'vitest';
import { sqlStore } from '../../../src/store/sql/index.ts';
import type { StoreChange } from '../../../src/store/store.ts';
import { createPlace } from '../../support/store-places.ts';
import { batch, entry } from './fixtures.ts';

it('tells that any endpoint and any setting may have changed', async () => {
  await using place = await createPlace('sqlite');
  const store = sqlStore(place.location.url, { pollIntervalMs: 60_000 });
  await store.open({ clock: Date });
  await store.settings.put({ key: 'switch', value: 'on' });
  await store.append(batch([{ ...entry([]), fannedOut: false }]));
  const told: StoreChange[] = [];
  store.watch((change) => told.push(change));
  const other = new Libsql(place.location.url);
  other.exec(`
    delete from posthorn_settings where name = 'switch';
    insert into posthorn_changes (number, kind, ref) values (20000, 'endpoint', 'ep');
    delete from posthorn_changes where number < 20000;
  `);
  other.close();
  await store.claimFanOut({ limit: 1, leaseMs: 60_000, lease: 'turn' });
  expect(told).toEqual([
    { kind: 'setting', key: undefined },
    { kind: 'endpoint', id: undefined },
  ]);
  await store.close();
});
