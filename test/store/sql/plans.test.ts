import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../src/store/sql/database.ts';
import { findExpired } from '../../../src/store/sql/operations/find-expired.ts';
import { listRecords } from '../../../src/store/sql/operations/list-records.ts';
import { putLane } from '../../../src/store/sql/operations/put-lane.ts';
import { readStats } from '../../../src/store/sql/operations/read-stats.ts';
import { reschedule } from '../../../src/store/sql/operations/reschedule.ts';
import type { Script, Statement } from '../../../src/store/sql/script.ts';
import { sqlDatabases, type TestDatabase } from '../../support/sql-databases.ts';
import { explain, type Explained } from '../../support/sql-explain.ts';
import { fillRows } from '../../support/sql-rows.ts';

const ROWS = 100_000;
/** Rows that a page, or a batch of a hundred, may cost: those given, what they are joined with, and a few looked at in vain. */
const FEW = 1_500;

/**
 * Of a thousand endpoints. Of one in a thousand deliveries all attempts have failed, one in ten thousand waits. One tenant in a thousand has a
 * name. The lane `ep_7` has a thousand deliveries that wait.
 */
const FILLED = {
  endpoint: 'case when i % 100 = 7 then 7 else i % 1000 end',
  tenant: `case when i % 1000 = 3 then 'acme' else 'default' end`,
  state: `case when i % 1000 = 1 then 'exhausted' when i % 10000 = 2 or i % 100 = 7 then 'scheduled' else 'succeeded' end`,
  readyAt: 'case when i % 10000 = 2 or i % 100 = 7 then i end',
};

type Begin = (db: Database) => Script<unknown>;

const list =
  (of: 'messages' | 'deliveries' | 'attempts', where: object, after?: number): Begin =>
  (db) =>
    listRecords.script(db, { of, where, after, limit: 50 });
const retry =
  (where: object): Begin =>
  (db) =>
    reschedule.script(db, { where, after: undefined, limit: 100, event: { kind: 'retry_requested' } });
const ids = (prefix: string): string[] =>
  Array.from({ length: 100 }, (_, index) => `${prefix}_${index * 991 + 1}`);

const CASES: readonly (readonly [string, Begin])[] = [
  ['a page of deliveries', list('deliveries', {}, 50_000)],
  ['a page of deliveries of an endpoint', list('deliveries', { endpointId: 'ep_5' })],
  ['a page of deliveries that failed', list('deliveries', { states: ['exhausted', 'failed', 'discarded'] })],
  ['a page of deliveries that are sent', list('deliveries', { states: ['sending'] })],
  [
    'a page of deliveries of an endpoint that are sent',
    list('deliveries', { endpointId: 'ep_5', states: ['sending'] }),
  ],
  ['a page of deliveries that wait', list('deliveries', { states: ['scheduled', 'sending'] })],
  [
    'deliveries of an endpoint that failed',
    list('deliveries', { endpointId: 'ep_1', states: ['exhausted'] }),
  ],
  [
    'deliveries of an endpoint in a state that none has',
    list('deliveries', { endpointId: 'ep_1', states: ['failed'] }),
  ],
  ['a page of deliveries of a tenant with a name', list('deliveries', { tenant: 'acme' })],
  ['deliveries of a tenant that has none', list('deliveries', { tenant: 'nobody' })],
  ['the deliveries of a message', list('deliveries', { messageId: 'msg_500' })],
  ['the deliveries of a hundred messages', list('deliveries', { messageIds: ids('msg') })],
  ['a page of messages', list('messages', {}, 50_000)],
  ['a page of messages of a tenant with a name', list('messages', { tenant: 'acme' })],
  ['a hundred messages', list('messages', { messageIds: ids('msg') })],
  ['the message of a delivery', list('messages', { deliveryId: 'dlv_500' })],
  ['a page of attempts', list('attempts', {}, 50_000)],
  ['a page of attempts of an endpoint', list('attempts', { endpointId: 'ep_5' })],
  ['a page of attempts of a tenant with a name', list('attempts', { tenant: 'acme' })],
  ['the attempts of a delivery', list('attempts', { deliveryId: 'dlv_500' })],
  ['the attempts of a message', list('attempts', { messageId: 'msg_500' })],
  ['the attempts of a hundred messages', list('attempts', { messageIds: ids('msg') })],
  ['a batch of failed deliveries to retry', retry({ states: ['exhausted'] })],
  [
    'a batch of failed deliveries of an endpoint to retry',
    retry({ endpointId: 'ep_1', states: ['exhausted'] }),
  ],
  ['a hundred deliveries to retry', retry({ deliveryIds: ids('dlv') })],
  [
    'a pause of a lane in which many deliveries wait',
    (db) => putLane.script(db, { laneId: 'ep_7', paused: true }),
  ],
  ['the end of a pause of such a lane', (db) => putLane.script(db, { laneId: 'ep_7', paused: false })],
];

describe.each(sqlDatabases())(`plans among ${ROWS} rows on $name`, ({ name, create }) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await create();
    await database.run((db) => fillRows(db, ROWS, FILLED));
  }, 60_000);
  afterAll(() => database.close());

  /** What a script asks, explained; nothing of it stays. */
  async function explainAll(begin: Begin): Promise<readonly Explained[]> {
    // Errors of this type are handed on as they are.
    const undo = new TypeError('undo');
    const explained: Explained[] = [];
    const run = database.run(function* (db) {
      const script = begin(db);
      for (let step = script.next(); step.done !== true;) {
        const statement: Statement = step.value;
        if (/^\s*select/.test(statement.sql)) explained.push(yield* explain(db, statement));
        step = script.next(yield statement);
      }
      throw undo;
    });
    await expect(run).rejects.toBe(undo);
    return explained;
  }

  it.each(CASES)('reads few rows for %s', async (_, begin) => {
    const explained = await explainAll(begin);
    expect(explained.length).toBeGreaterThan(0);
    for (const { rows, problem, text } of explained) {
      expect(problem, text).toBeUndefined();
      expect(rows, text).toBeLessThan(FEW);
    }
  });

  it('reads a batch of messages, and their deliveries, to find what retention does not keep', async () => {
    const retention = { succeededMs: 0, unsuccessfulMs: 0 };
    const [only] = await explainAll((db) => findExpired.script(db, { retention, after: 5_000 }));
    expect(only?.rows, only?.text).toBeLessThan(5 * 1_000);
  });

  // MySQL has no index of test messages alone.
  it.skipIf(name === 'mariadb')('counts all deliveries without reading those that succeeded', async () => {
    const explained = await explainAll((db) => readStats.script(db, { where: {} }));
    expect(explained.length).toBeGreaterThan(0);
    for (const { text } of explained) expect(text).not.toMatch(/SCAN \w*deliveries$/m);
  });
});
