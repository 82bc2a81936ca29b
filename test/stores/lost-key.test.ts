/** docs/guides/encryption-at-rest.md, "A lost key on a database": what it says to do, done on the databases. */
import { readFileSync } from 'node:fs';
import Libsql from 'libsql';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { DatabaseKind, StoreLocation } from '../support/open-store.ts';
import { reachable } from '../support/store-places.ts';
import { createStoreWorld } from '../support/store-world.ts';

const TIMEOUT_MS = 60_000;
const LOST = { current: '2027-01', keys: { '2027-01': Buffer.alloc(32, 1) } };
const NEW = { current: '2027-02', keys: { '2027-02': Buffer.alloc(32, 2) } };

const guide = readFileSync(new URL('../../docs/guides/encryption-at-rest.md', import.meta.url), 'utf8');
const [onPostgres, onMysql, onSqlite] = [...guide.matchAll(/^```sql\n([^]*?)^```/gm)].map(([, sql]) => sql!);

/** As somebody at the prompt of the database. */
async function empty({ kind, url, schema }: StoreLocation): Promise<void> {
  if (kind === 'sqlite') {
    const database = new Libsql(url);
    database.exec(onSqlite!);
    database.close();
  } else if (kind === 'postgres') {
    const client = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` });
    await client.connect();
    await client.query(onPostgres!);
    await client.end();
  } else {
    const connection = await mysql.createConnection(url);
    await connection.query(onMysql!);
    await connection.end();
  }
}

describe.each<DatabaseKind>(reachable('sqlite', 'postgres', 'mariadb'))('a lost key, on %s', (kind) => {
  it('costs the values that it encrypted and nothing else', { timeout: TIMEOUT_MS }, async () => {
    await using world = await createStoreWorld(kind);
    const { receiver } = world;
    const before = await world.start({}, { encryption: LOST });
    await before.endpoints.create({
      id: 'standard',
      url: receiver.url,
      name: 'kept, with "quotes"',
      headers: { authorization: 'Bearer lost', 'x-team': 'red' },
    });
    for (const scheme of ['github', 'standard-ed25519'] as const)
      await before.endpoints.create({ id: scheme, url: receiver.url, signatures: [scheme] });
    await before.endpoints.create({ id: 'unsigned', url: receiver.url, signatures: ['none'] });
    await before.pause();
    const { id } = await before.emit('job.done', {});
    await before.stop({ timeoutMs: 0 });

    await expect(world.start({}, { encryption: NEW })).rejects.toMatchObject({ code: 'key_missing' });
    await empty(world.location);
    const repairing = await world.start({ deliver: false }, { encryption: NEW });
    const { unservedEndpoints } = await repairing.health();
    expect(unservedEndpoints.map(({ endpointId }) => endpointId)).toEqual([
      'standard',
      'github',
      'standard-ed25519',
    ]);
    for (const { endpointId, why } of unservedEndpoints) {
      expect(why).toMatch(/^endpoint\.secrets/);
      await repairing.endpoints.rotateSecret(endpointId, { graceMs: 0 });
    }
    expect((await repairing.health()).unservedEndpoints).toEqual([]);
    const repaired = await repairing.endpoints.get('standard');
    expect(repaired.name).toBe('kept, with "quotes"');
    expect(repaired.headers).toEqual({ authorization: '', 'x-team': 'red' });
    expect(repaired.secrets).toHaveLength(1);
    await repairing.stop();

    const after = await world.start({}, { encryption: NEW });
    await after.resume();
    await receiver.until(() => receiver.answered.has(id), 'what waited is delivered');
    await after.drain();
    const { items } = await after.deliveries.list({ messageId: id });
    expect(items.map(({ endpointId, state }) => [endpointId, state]).sort()).toEqual(
      [
        ['standard', 'succeeded'],
        ['github', 'succeeded'],
        ['standard-ed25519', 'succeeded'],
        ['unsigned', 'succeeded'],
      ].sort(),
    );
  });
});
