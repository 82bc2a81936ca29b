/** Checks of endpoints on real stores that several dispatchers share. */
import { describe, expect, it } from 'vitest';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { createReceiver } from '../../src/listener/recording-receiver.ts';
import { openStore } from '../support/open-store.ts';
import { createPlace, reachable } from '../support/store-places.ts';
import { LOOPBACK, until } from '../support/world.ts';

const COUNT = 20;
const LIMIT = 2;

describe.each(reachable('file', 'sqlite', 'postgres', 'mariadb'))(
  'two dispatchers on one store (%s)',
  (kind) => {
    it('check each new endpoint once, keep to the rate that it allowed, and reach it after a restart', async () => {
      await using place = await createPlace(kind);
      await using receiver = await createReceiver();
      receiver.always(({ method }) =>
        method === 'OPTIONS'
          ? { status: 200, headers: { 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': String(LIMIT) } }
          : 204,
      );
      const start = (): WebhookDispatcher =>
        new WebhookDispatcher({
          store: openStore(place.location),
          network: LOOPBACK,
          verification: 'handshake',
          handshakeOrigin: 'hooks.example.com',
          pollIntervalMs: 50,
        });
      const posts = (): number => receiver.requests.filter(({ method }) => method === 'POST').length;
      {
        await using first = start();
        await using second = start();
        await Promise.all([first.start(), second.start()]);
        await Promise.all(
          Array.from({ length: COUNT }, (_, index) =>
            (index % 2 === 0 ? first : second).endpoints.create({
              id: `e${index}`,
              url: receiver.urlOf(`/${index}`),
            }),
          ),
        );
        for (const dispatcher of [first, second])
          await until(
            async () => {
              // This also tells the process, which hears of changes made elsewhere by polling on some stores.
              const { items } = await dispatcher.explain('job.done', 0);
              return items.every(({ receives }) => receives);
            },
            'all are verified',
            20_000,
          );
        const asked = receiver.requests.filter(({ method }) => method === 'OPTIONS').map(({ path }) => path);
        expect(asked.sort()).toEqual(Array.from({ length: COUNT }, (_, index) => `/${index}`).sort());
        for (let n = 0; n < 3 * LIMIT; n += 1) await second.emit('job.done', n, { to: ['e0'] });
        await until(() => posts() === LIMIT, 'as many as allowed are sent');
        await Promise.all([first.drain(), second.drain()]);
        expect(posts()).toBe(LIMIT);
      }
      await using third = start();
      await third.emit('job.done', 'again', { to: ['e1'] });
      await until(() => posts() === LIMIT + 1, 'a verified endpoint is sent to');
      expect(receiver.requests.at(-1)!.headers['webhook-request-origin']).toBe('hooks.example.com');
      expect(receiver.requests.filter(({ method }) => method === 'OPTIONS')).toHaveLength(COUNT);
    });
  },
);
