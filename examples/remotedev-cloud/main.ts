/**
 * The story: two users of a cloud service own webhooks. One of them is sent to when the service is killed, the other one is
 * down for so long that a delivery is given up. `npm run examples -- remotedev-cloud` tells it, and ends with exit code 0 only if
 * everything arrived.
 */
import { randomBytes } from 'node:crypto';
import { createPool, createTables, createUser } from './database.ts';
import { Customer } from './customer.ts';
import { openDatabase, type StoryDatabase } from './postgres.ts';
import { ServerProcess } from './server-process.ts';
import { tellError, tellTitle, tellVerdict, tell } from './tell.ts';
import {
  failAndRetry,
  killAndRestart,
  readNumbers,
  register,
  triggerEvents,
  type World,
} from './chapters.ts';

async function createUsers(database: StoryDatabase): Promise<World['keys']> {
  const keys = { alice: newKey(), bob: newKey() };
  const pool = createPool(database.url);
  await createTables(pool);
  await createUser(pool, { id: 'user-alice', name: 'Alice' }, keys.alice);
  await createUser(pool, { id: 'user-bob', name: 'Bob' }, keys.bob);
  await pool.end();
  return keys;
}

const newKey = (): string => randomBytes(24).toString('base64url');

tellTitle('PostgreSQL, and nothing else: no Redis, no worker to be started');
const database = await openDatabase();
const environment = {
  DATABASE_URL: database.url,
  PORT: '0',
  WEBHOOK_WORKER_CONCURRENCY: '10',
  WEBHOOK_RATE_LIMIT: '100',
  WEBHOOK_SECRETS_KEY: randomBytes(32).toString('base64'),
  // Nobody wants to watch a story for 27 hours, or to wait a minute for what a killed process had begun.
  WEBHOOK_RETRY_DELAYS_MS: '4000,300',
  WEBHOOK_LEASE_MS: '1000',
  WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8', // the customers are on this machine
};
tell(database.about);
const alice = new Customer('Alice');
const bob = new Customer('Bob');
let world: World | undefined;
try {
  const keys = await createUsers(database);
  const server = await ServerProcess.start(environment);
  tell(`the service listens on ${server.url}, its webhook worker runs`);
  world = { server, environment, keys, alice, bob, webhooks: { alice: '', bob: '' } };
  await register(world);
  await triggerEvents(world);
  await killAndRestart(world);
  await failAndRetry(world);
  await readNumbers(world);
  await world.server.stop();
} catch (error) {
  tellError(error);
} finally {
  await world?.server.kill();
  alice.close();
  bob.close();
  await database.end();
}
// Not left to process.exitCode: what starts PostgreSQL for the story would end the process with 0.
process.exit(tellVerdict());
