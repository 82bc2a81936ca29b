/** Messages that MySQL and MariaDB take in no statement. */
import { MysqlDialect } from 'kysely';
import mysqlCallbacks from 'mysql2';
import mysql from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { sqlStore, type SqlTarget } from '../../src/store/sql/index.ts';
import { createPlace, reachable } from '../support/store-places.ts';

const HOUR = 3_600_000;
const TIMEOUT_MS = 60_000;

/** What the server takes. */
async function maxPacketBytes(url: string): Promise<number> {
  const connection = await mysql.createConnection(url);
  const [rows] = await connection.query<mysql.RowDataPacket[]>('select @@max_allowed_packet as bytes');
  await connection.end();
  return Number(rows[0]!['bytes']);
}

const TARGETS: readonly (readonly [name: string, (url: string) => SqlTarget])[] = [
  ['mysql2', (url) => url],
  [
    'Kysely',
    (url) => new MysqlDialect({ pool: mysqlCallbacks.createPool({ uri: url, connectionLimit: 4 }) }),
  ],
];

describe.each(reachable('mariadb'))('a message that is too large for %s', (kind) => {
  it.each(TARGETS)(
    'is refused at once by %s, and holds up no other',
    { timeout: TIMEOUT_MS },
    async (_, target) => {
      await using place = await createPlace(kind);
      const bytes = await maxPacketBytes(place.location.url);
      await using dispatcher = new WebhookDispatcher({
        store: sqlStore(target(place.location.url)),
        maxPayloadBytes: Infinity,
        emitTimeoutMs: HOUR,
      });
      await dispatcher.start();
      // A little more than fits, for which the server has an error, and so much that it is not read to its end.
      const refused = [bytes, bytes + 4_000_000].map((length) =>
        dispatcher.emit('job.done', 'x'.repeat(length)),
      );
      const stored = [1, 2, 3].map((number) => dispatcher.emit('job.done', { number }));
      for (const emitted of refused)
        await expect(emitted).rejects.toMatchObject({
          name: 'PayloadError',
          code: 'invalid_payload',
          path: 'data',
          message: expect.stringMatching(/^data: too large for the database: .*max_allowed_packet/) as string,
        });
      expect(await Promise.all(stored)).toHaveLength(3);
      expect((await dispatcher.messages.list()).items).toHaveLength(3);
    },
  );
});
