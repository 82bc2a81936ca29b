/** A database, or a user, that is not there: what a server says, and what to do about it. */
import { describe, expect, it } from 'vitest';
import { sqlStore } from '../../../src/store/sql/index.ts';
import { createManualClock } from '../../../src/testing/manual-clock.ts';
import { postgresUrl } from '../../support/ask-setup.ts';
import { mysqlServerUrl } from '../../support/database-servers.ts';

const clock = createManualClock();
const NAME = 'posthorn_test_nobody_made_it';
const mysqlUrl = mysqlServerUrl();

async function messageOf(url: string, change: (url: URL) => void): Promise<string> {
  const changed = new URL(url);
  change(changed);
  const opening = sqlStore(changed.href).open({ clock });
  const error: unknown = await opening.catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    name: 'StoreError',
    code: 'store_failed',
    cause: expect.any(Error) as Error,
  });
  return (error as Error).message;
}

describe.each<[string, () => string | Promise<string>]>([
  ['PostgreSQL', postgresUrl],
  ...(mysqlUrl === undefined ? [] : [['MariaDB', () => mysqlUrl] as [string, () => string]]),
])('an entry that %s refuses', (_name, urlOf) => {
  it('is told with what to do: there is no such database', async () => {
    expect(await messageOf(await urlOf(), (url) => (url.pathname = NAME))).toMatch(
      /^The database refused: .*posthorn_test_nobody_made_it.*\. There is no such database: the store makes its tables, not the database\. Create the database first\.$/,
    );
  });

  it('is told with what to do: there is no such user, or not with this password', async () => {
    const message = await messageOf(await urlOf(), (url) => {
      url.username = NAME;
      url.password = 'PRIVATE';
      if (url.pathname.length < 2) url.pathname = NAME;
    });
    expect(message).toMatch(
      /^The database refused: .*posthorn_test_nobody_made_it.*\. The store makes no users: is there one of this name, with this password, and may it use this database\?$/,
    );
    expect(message).not.toContain('PRIVATE');
  });
});

describe.runIf(mysqlUrl !== undefined)('an address of another kind of server', () => {
  it('is told from a wrong one: MariaDB, as PostgreSQL', async () => {
    const { host } = new URL(mysqlUrl!);
    expect(await messageOf(`postgres://${host}/shop`, () => undefined)).toMatch(
      /^The database refused: .*\. What answers at this address does not speak the protocol of PostgreSQL: is the port right\?$/,
    );
  });
});
