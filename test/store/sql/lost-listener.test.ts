/** The connection by which a store hears of other processes, ended by the server. */
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { sqlStore } from '../../../src/store/sql/index.ts';
import { createPostgresDatabase, needPostgres } from '../../support/postgres-database.ts';
import { until } from '../../support/world.ts';
import { batch, delivery, entry } from './fixtures.ts';

const LIMIT_MS = 20_000;
/** Nothing is found by looking: what is heard was told. */
const pollIntervalMs = 60_000;

needPostgres();

describe('a store whose listening connection to PostgreSQL is lost', () => {
  it('connects again, says that something may have been missed, and hears what is sent then', async () => {
    await using database = await createPostgresDatabase();
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    const listener = sqlStore(database.url, { pollIntervalMs });
    const heard = new Set<string>();
    listener.watch(({ kind }) => void heard.add(kind));
    const hears = async (kind: string): Promise<void> => {
      await until(() => heard.has(kind), `"${kind}" is heard`, LIMIT_MS);
      heard.clear();
    };
    await listener.open({ clock: Date });
    // As soon as it listens, as it cannot know what was before.
    await hears('fan_out');
    const find = `from pg_stat_activity where datname = current_database() and query like 'listen %'`;
    const { rows } = await admin.query(`select pg_terminate_backend(pid) as ended ${find}`);
    expect(rows).toEqual([{ ended: true }]);
    await hears('fan_out');

    const sender = sqlStore(database.url, { pollIntervalMs });
    await sender.open({ clock: Date });
    await sender.append(batch([entry([delivery('ep')])]));
    await hears('work');
    await sender.settings.put({ key: 'switch', value: 'off' });
    await hears('setting');
    for (const store of [listener, sender]) await store.close();
    await admin.end();
  });
});
