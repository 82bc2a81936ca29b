/** Stores of ids: the one of the kit, and those of the guide, on real servers. */
import pg from 'pg';
import { memorySeenStore, type SeenStore } from 'posthorn/receiver';
import { createClient } from 'redis';
import { describe, expect, it, vi } from 'vitest';
import { postgresUrl } from '../support/ask-setup.ts';
import { importProgram, programWith } from '../support/guide-program.ts';
import { isAllRequired, type Requirement, requirements } from '../support/requirements.ts';

interface OpenStore extends AsyncDisposable {
  readonly store: SeenStore;
}

interface StoreCase {
  readonly name: string;
  readonly requirement: Requirement;
  readonly open: () => Promise<OpenStore>;
}

const NOTHING: Requirement = { found: '', version: '' };
const HOUR_MS = 3_600_000;
let opened = 0;

const CASES: readonly StoreCase[] = [
  {
    name: 'memory',
    requirement: NOTHING,
    open: async () => ({ store: memorySeenStore(), [Symbol.asyncDispose]: async () => {} }),
  },
  { name: 'PostgreSQL', requirement: NOTHING, open: openPostgres },
  { name: 'Redis', requirement: requirements.redis(), open: openRedis },
];

async function openPostgres(): Promise<OpenStore> {
  const program = programWith('receiving', 'ts', 'export function postgresSeenStore(');
  const { postgresSeenStore } = (await importProgram(program)) as {
    postgresSeenStore: (pool: pg.Pool) => SeenStore;
  };
  const createTable = /^\/\/ (create table .*)$/m.exec(program)?.[1];
  const schema = `posthorn_test_seen_${process.pid}_${Date.now()}`;
  const pool = new pg.Pool({ connectionString: await postgresUrl(), options: `-c search_path=${schema}` });
  await pool.query(`create schema ${schema}`);
  await pool.query(createTable!);
  return {
    store: postgresSeenStore(pool),
    async [Symbol.asyncDispose]() {
      await pool.query(`drop schema ${schema} cascade`);
      await pool.end();
    },
  };
}

async function openRedis(): Promise<OpenStore> {
  const program = programWith('receiving', 'ts', 'export function redisSeenStore(');
  const { redisSeenStore } = (await importProgram(program)) as {
    redisSeenStore: (redis: object, prefix: string) => SeenStore;
  };
  const redis = createClient({ url: requirements.redis().found! });
  await redis.connect();
  const prefix = `posthorn_test_${process.pid}_${Date.now()}_${(opened += 1)}:`;
  return {
    store: redisSeenStore(redis, prefix),
    async [Symbol.asyncDispose]() {
      const keys = await redis.keys(`${prefix}*`);
      if (keys.length > 0) await redis.del(keys);
      await redis.close();
    },
  };
}

describe.each(CASES.map((one) => [`seen store: ${one.name}`, one] as const))(
  '%s',
  (_, { requirement, open }) => {
    if (requirement.found === undefined) {
      it.runIf(isAllRequired())(`is left out, because ${requirement.missing}`, () => {
        expect.unreachable(requirement.missing);
      });
      return;
    }

    it('takes an id once, and knows it as running and then as done', async () => {
      await using world = await open();
      const { store } = world;
      expect(await store.begin('a', HOUR_MS)).toBe('new');
      expect(await store.begin('a', HOUR_MS)).toBe('running');
      await store.finish('a', HOUR_MS);
      expect(await store.begin('a', HOUR_MS)).toBe('done');
      expect(await store.begin('b', HOUR_MS)).toBe('new');
    });

    it('forgets an id', async () => {
      await using world = await open();
      const { store } = world;
      await store.begin('a', HOUR_MS);
      await store.forget('a');
      expect(await store.begin('a', HOUR_MS)).toBe('new');
      await store.forget('never seen');
    });

    it('gives an id to one of many who want it at once', async () => {
      await using world = await open();
      const { store } = world;
      for (const id of ['a', 'b', 'c']) {
        const answers = await Promise.all(Array.from({ length: 30 }, async () => store.begin(id, HOUR_MS)));
        expect(answers.filter((answer) => answer === 'new')).toHaveLength(1);
        expect(answers.filter((answer) => answer === 'running')).toHaveLength(29);
      }
    });

    it('gives an id to one of many when the one before has died', async () => {
      await using world = await open();
      const { store } = world;
      await store.begin('a', 1);
      await store.begin('probe', 1);
      await vi.waitUntil(async () => (await store.begin('probe', 1)) === 'new');
      const answers = await Promise.all(Array.from({ length: 30 }, async () => store.begin('a', HOUR_MS)));
      expect(answers.filter((answer) => answer === 'new')).toHaveLength(1);
    });

    it('forgets what was done when its time is over', async () => {
      await using world = await open();
      const { store } = world;
      await store.begin('a', HOUR_MS);
      await store.finish('a', 1);
      await vi.waitUntil(async () => (await store.begin('a', HOUR_MS)) === 'new');
      expect(await store.begin('a', HOUR_MS)).toBe('running');
    });

    it('keeps what was done, though the time to do it is long over', async () => {
      await using world = await open();
      const { store } = world;
      await store.begin('a', 1);
      await store.begin('probe', 1);
      await store.finish('a', HOUR_MS);
      await vi.waitUntil(async () => (await store.begin('probe', 1)) === 'new');
      expect(await store.begin('a', HOUR_MS)).toBe('done');
    });
  },
);
