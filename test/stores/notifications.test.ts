/** What a process tells others by PostgreSQL, heard by one more who listens. */
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { EmitOptions } from '../../src/index.ts';
import { channelOf } from '../../src/store/sql/postgres/channel.ts';
import { createStoreWorld } from '../support/store-world.ts';
import { until } from '../support/world.ts';

const TIMEOUT_MS = 60_000;

describe('notifications of work, on PostgreSQL', () => {
  it.each<[string, (number: number) => EmitOptions]>([
    ['in one statement', () => ({})],
    ['step by step', (number) => ({ idempotencyKey: `key_${number}` })],
  ])(
    'are sent for what waits, not for what its emitter has leased, stored %s',
    { timeout: TIMEOUT_MS },
    async (_, optionsOf) => {
      await using world = await createStoreWorld('postgres');
      const { receiver, location } = world;
      const heard: string[] = [];
      const client = new pg.Client({ connectionString: location.url });
      client.on('notification', ({ payload }) => heard.push(payload!.split(':')[0]!));
      await client.connect();
      await client.query(`listen "${channelOf({ prefix: 'posthorn_', schema: location.schema })}"`);
      const dispatcher = await world.start();
      await dispatcher.endpoints.create({ id: 'jobs', url: receiver.url, concurrency: 1, events: ['job.*'] });
      /** How often work was told of so far: notifications of a process come one after the other. */
      const countWork = async (): Promise<number> => {
        const before = heard.length;
        const { id } = await dispatcher.endpoints.create({ url: receiver.url, events: ['never'] });
        await until(
          () => heard.slice(before).includes('changes'),
          `the new endpoint ${id} is told of`,
          20_000,
        );
        return heard.filter((kind) => kind === 'work').length;
      };

      for (const number of [1, 2, 3]) {
        await dispatcher.emit('job.done', { number }, optionsOf(number));
        await dispatcher.drain();
      }
      expect(await countWork()).toBe(0);

      receiver.judge(() => 'hold');
      await dispatcher.emit('job.done', {}, optionsOf(4));
      await receiver.until(() => receiver.held() === 1, 'the only slot is taken');
      // In hand, so that the slot is never empty.
      await dispatcher.emit('job.done', {}, optionsOf(5));
      expect(await countWork()).toBe(0);
      await dispatcher.emit('job.done', {}, optionsOf(6));
      expect(await countWork()).toBe(1);
      await client.end();
    },
  );
});
