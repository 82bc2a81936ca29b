/** A database that does not answer the one question what was changed: nobody knows, and that is told. */
import { expect, it } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { ChangeFeed } from '../../../src/store/sql/change-feed.ts';
import type { Runner } from '../../../src/store/sql/runner.ts';
import type { StoreChange } from '../../../src/store/store.ts';

const ALL: readonly StoreChange[] = [
  { kind: 'setting', key: undefined },
  { kind: 'endpoint', id: undefined },
];

/** A feed that was opened, and whose looks from then on are answered by `look`. */
async function setup(look: () => Promise<unknown>): Promise<{ feed: ChangeFeed; told: StoreChange[] }> {
  let looks = 0;
  const call = (): Promise<unknown> => {
    looks += 1;
    return looks === 1 ? Promise.resolve({ last: 7, changes: [], isMissed: false }) : look();
  };
  const told: StoreChange[] = [];
  const feed = new ChangeFeed({ call, close: () => Promise.resolve() } as Runner, 60_000, (change) =>
    told.push(change),
  );
  await feed.open(undefined);
  return { feed, told };
}

it('tells that anything may have changed when a look fails', async () => {
  const { feed, told } = await setup(() => Promise.reject(new StoreError('down')));
  await expect(feed.catchUp()).rejects.toThrow('down');
  expect(told).toEqual(ALL);
  feed.close();
});
