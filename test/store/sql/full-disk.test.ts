/** A SQLite file that may not grow, as on a disk that is full. */
import Libsql from 'libsql';
import { describe, expect, it } from 'vitest';
import { WebhookDispatcher } from '../../../src/dispatcher.ts';
import { sqlStore } from '../../../src/store/sql/index.ts';
import type { Store } from '../../../src/store/store.ts';
import { CountingReceiver } from '../../support/counting-receiver.ts';
import { createPlace } from '../../support/store-places.ts';
import { LOOPBACK, until } from '../../support/world.ts';
import { batch, delivery, entry } from './fixtures.ts';

const REFUSED = { name: 'StoreError', code: 'store_failed', cause: { code: 'SQLITE_FULL' } };
const LARGE = 'x'.repeat(200_000);

interface FullWorld extends AsyncDisposable {
  /** Not opened. */
  readonly store: Store;
  /** From now on the file of the open store keeps its size. */
  fill(): void;
  makeRoom(): void;
  /** Rows of the tables that an append writes to. */
  countRows(): Readonly<Record<string, number>>;
}

async function setup(): Promise<FullWorld> {
  const place = await createPlace('sqlite');
  const opened: Libsql.Database[] = [];
  class Recorded extends Libsql {
    constructor(path: string, options?: Libsql.Options) {
      super(path, options);
      opened.push(this);
    }
  }
  const application = new Recorded(place.location.url);
  const read = (database: Libsql.Database, sql: string): number =>
    Object.values((database.prepare(sql).all() as Record<string, number>[])[0]!)[0]!;
  const own = (): Libsql.Database => opened.at(-1)!;
  const limit = (pages: number): void => void read(own(), `pragma max_page_count = ${pages}`);
  return {
    store: sqlStore(application, { worker: false }),
    fill: () => limit(read(own(), 'pragma page_count')),
    makeRoom: () => limit(1_000_000),
    countRows: () =>
      Object.fromEntries(
        ['messages', 'deliveries', 'lanes'].map((table) => [
          table,
          read(application, `select count(*) from posthorn_${table}`),
        ]),
      ),
    async [Symbol.asyncDispose]() {
      application.close();
      await place[Symbol.asyncDispose]();
    },
  };
}

describe('a SQLite store whose disk is full', () => {
  it('refuses a batch as a whole, and takes it once there is room', async () => {
    await using world = await setup();
    const { store, fill, makeRoom, countRows } = world;
    await store.open({ clock: Date });
    fill();
    // The message fits; its deliveries do not.
    const deliveries = Array.from({ length: 200 }, (_, index) => delivery(`ep_${index}`));
    const entries = [entry(deliveries)];
    await expect(store.append(batch(entries))).rejects.toMatchObject(REFUSED);
    expect(countRows()).toEqual({ messages: 0, deliveries: 0, lanes: 0 });
    makeRoom();
    expect(await store.append(batch(entries))).toMatchObject([{ kind: 'stored' }]);
    expect(countRows()).toEqual({ messages: 1, deliveries: 200, lanes: 200 });
    await store.close();
  });

  it.each<[string, (store: Store, text: string) => Promise<unknown>]>([
    ['a message', (store, text) => store.append(batch([entry([], { dataJson: JSON.stringify(text) })]))],
    ['a setting', (store, value) => store.settings.put({ key: 'large', value })],
  ])('stores what fits, of what is committed together with %s that does not', async (_, storeText) => {
    await using world = await setup();
    const { store, fill, countRows } = world;
    await store.open({ clock: Date });
    fill();
    const outcomes = await Promise.allSettled([
      store.append(batch([entry([delivery('ep')])])),
      storeText(store, LARGE),
      store.append(batch([entry([delivery('ep')])])),
    ]);
    expect(outcomes).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: REFUSED },
      { status: 'fulfilled' },
    ]);
    expect(countRows()).toEqual({ messages: 2, deliveries: 2, lanes: 1 });
    await store.close();
  });

  it('lets an emit wait until there is room, and delivers it once', async () => {
    await using world = await setup();
    const receiver = await CountingReceiver.start();
    const dispatcher = new WebhookDispatcher({ store: world.store, network: LOOPBACK });
    await dispatcher.start();
    await dispatcher.endpoints.create({ url: receiver.url });
    world.fill();
    const emitted = dispatcher.emit('job.done', LARGE);
    const isRefused = async (): Promise<boolean> => (await dispatcher.health()).lastError !== undefined;
    await until(isRefused, 'it is refused', 20_000);
    expect(world.countRows()).toMatchObject({ messages: 0, deliveries: 0 });
    world.makeRoom();
    const { id } = await emitted;
    await receiver.until(() => receiver.answered.has(id), 'it is delivered');
    await dispatcher.drain();
    expect(receiver.arrivals).toHaveLength(1);
    await dispatcher.stop({ timeoutMs: 0 });
    await receiver.close();
  });
});
