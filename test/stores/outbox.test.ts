/** Emits in transactions of the application, by every kind of driver that answers with promises. */
import { CompiledQuery } from 'kysely';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineEvents } from '../../src/index.ts';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import type { DispatcherOptions } from '../../src/options.ts';
import type { TransactionOptions } from '../../src/outbox.ts';
import type { SqlStoreOptions } from '../../src/store/sql/index.ts';
import type { OutboxStatement } from '../../src/store/store.ts';
import { type Application, type CallerName, callersOn, openApplication } from '../support/outbox-callers.ts';
import { type DatabaseKind, openStore } from '../support/open-store.ts';
import { reachable } from '../support/store-places.ts';
import { createStoreWorld, type StoreWorld } from '../support/store-world.ts';
import { LOOPBACK } from '../support/world.ts';

const TIMEOUT_MS = 60_000;
const DAY = 86_400_000;
const CALLERS = callersOn(reachable('sqlite', 'postgres', 'mariadb'));
const ON_SERVERS = CALLERS.filter(({ kind }) => kind !== 'sqlite');

interface OutboxWorld extends StoreWorld {
  readonly dispatcher: WebhookDispatcher;
  readonly application: Application;
}

async function setup(
  { name, kind }: { readonly name: CallerName; readonly kind: DatabaseKind },
  options: DispatcherOptions = {},
  store: SqlStoreOptions = {},
): Promise<OutboxWorld> {
  const world = await createStoreWorld(kind);
  const dispatcher = await world.start({ pollIntervalMs: 100, ...options }, store);
  await dispatcher.endpoints.create({ id: 'orders', url: world.receiver.url, events: ['order.*'] });
  const application = await openApplication(name, world.location);
  return {
    ...world,
    dispatcher,
    application,
    async [Symbol.asyncDispose]() {
      await application[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

/** As the application would, with its own driver. */
async function runIn(
  transaction: TransactionOptions['transaction'],
  { sql, parameters }: OutboxStatement,
): Promise<void> {
  if (typeof transaction === 'function') await transaction(sql, [...parameters]);
  else await transaction.executeQuery(CompiledQuery.raw(sql, [...parameters]));
}

/** Another event, delivered: whatever was stored before it has had its turn. */
async function deliverAnother({ dispatcher, receiver }: OutboxWorld): Promise<string> {
  const { id } = await dispatcher.emit('order.other', {});
  await receiver.until(() => receiver.answered.has(id), 'another event is delivered');
  await dispatcher.drain();
  return id;
}

describe.each(CALLERS)('an emit in a transaction of $name', (caller) => {
  it('is delivered after the commit, and not before', { timeout: TIMEOUT_MS }, async () => {
    await using world = await setup(caller);
    const { dispatcher, application, receiver } = world;
    const receipt = await application.transaction(async ({ transaction, insertOrder }) => {
      await insertOrder('first');
      const options = { transaction, metadata: { by: 'test' }, orderingKey: 'orders' };
      const emitted = await dispatcher.emit('order.paid', { text: 'ünï "quoted" \u2028 😀' }, options);
      if (caller.kind !== 'sqlite') await deliverAnother(world);
      expect(receiver.arrived.has(emitted.id)).toBe(false);
      return emitted;
    });
    receipt.afterCommit();
    await receiver.until(() => receiver.answered.has(receipt.id), 'it is delivered');
    await dispatcher.drain();
    const message = await dispatcher.messages.get(receipt.id);
    expect(message).toMatchObject({
      type: 'order.paid',
      data: { text: 'ünï "quoted" \u2028 😀' },
      metadata: { by: 'test' },
      orderingKey: 'orders',
    });
    expect(await application.orders()).toEqual(['first']);
    expect(receiver.arrived.get(receipt.id)).toBe(1);
  });

  it('is found without being told of the commit', { timeout: TIMEOUT_MS }, async () => {
    await using world = await setup(caller);
    const { dispatcher, application, receiver } = world;
    const { id } = await application.transaction(({ transaction }) =>
      dispatcher.emit('order.paid', {}, { transaction }),
    );
    await receiver.until(() => receiver.answered.has(id), 'it is delivered');
  });

  it('is refused when the function does not say when it is done', { timeout: TIMEOUT_MS }, async () => {
    await using world = await setup(caller);
    await expect(
      world.dispatcher.emit('order.paid', {}, { transaction: (() => undefined) as never }),
    ).rejects.toThrow(/^transaction: expected a function that answers with a promise, got undefined\. /);
  });

  it('was never there when it is rolled back', { timeout: TIMEOUT_MS }, async () => {
    await using world = await setup(caller);
    const { dispatcher, application, receiver } = world;
    const rolledBack: string[] = [];
    const work = application.transaction(async ({ transaction, insertOrder }) => {
      await insertOrder('never');
      const receipt = await dispatcher.emit('order.paid', {}, { transaction });
      rolledBack.push(receipt.id);
      receipt.afterCommit();
      throw new Error('the card was refused');
    });
    await expect(work).rejects.toThrow('the card was refused');
    const other = await deliverAnother(world);
    expect([...receiver.arrived.keys()]).toEqual([other]);
    expect(rolledBack).toHaveLength(1);
    await expect(dispatcher.messages.get(rolledBack[0]!)).rejects.toMatchObject({ code: 'not_found' });
    expect(await application.orders()).toEqual([]);
  });

  it('of an id or idempotency key that is taken changes nothing', { timeout: TIMEOUT_MS }, async () => {
    await using world = await setup(caller);
    const { dispatcher, application, receiver } = world;
    await dispatcher.emit('order.paid', { number: 1 }, { id: 'taken', idempotencyKey: 'key' });
    await receiver.until(() => receiver.answered.has('taken'), 'the first is delivered');
    await dispatcher.drain();
    const taken = await dispatcher.messages.get('taken');
    await application.transaction(async ({ transaction, insertOrder }) => {
      await insertOrder('before');
      await dispatcher.emit('order.paid', { number: 1 }, { transaction, id: 'taken' });
      await dispatcher.emit('order.paid', { number: 2 }, { transaction, id: 'taken' });
      await dispatcher.emit('order.paid', { number: 3 }, { transaction, idempotencyKey: 'key' });
      await dispatcher.emit('order.paid', { number: 4 }, { transaction, id: 'new', idempotencyKey: 'new' });
      await dispatcher.emit('order.paid', { number: 5 }, { transaction, id: 'new' });
      await dispatcher.emit('order.paid', { number: 6 }, { transaction, idempotencyKey: 'new' });
      await insertOrder('between');
    });
    const other = await deliverAnother(world);
    await receiver.until(() => receiver.answered.has('new'), 'the new one is delivered');
    await dispatcher.drain();
    expect(new Set(receiver.arrived.keys())).toEqual(new Set(['taken', 'new', other]));
    expect(receiver.arrivals).toHaveLength(3);
    expect(await dispatcher.messages.get('taken')).toEqual(taken);
    expect((await dispatcher.messages.get('new')).data).toEqual({ number: 4 });
    expect((await dispatcher.messages.list()).items.map(({ id }) => id)).toEqual([other, 'new', 'taken']);
    expect(await application.orders()).toEqual(['before', 'between']);
  });

  it('can be made by the statements alone', { timeout: TIMEOUT_MS }, async () => {
    await using world = await setup(caller);
    const { dispatcher, application, receiver } = world;
    const { id, statements, afterCommit } = dispatcher.outbox('order.paid', { number: 1 });
    await application.transaction(async ({ transaction }) => {
      for (const statement of statements) await runIn(transaction, statement);
    });
    afterCommit();
    await receiver.until(() => receiver.answered.has(id), 'it is delivered');
    expect((await dispatcher.messages.get(id)).data).toEqual({ number: 1 });
  });

  it(
    'takes an idempotency key whose window is over, for a window of its own',
    { timeout: TIMEOUT_MS },
    async () => {
      let now = Date.now();
      await using world = await setup(caller, { idempotencyWindowMs: DAY }, { clock: { now: () => now } });
      const { dispatcher, application, receiver } = world;
      const idempotencyKey = 'key';
      const emit = (number: number): Promise<{ readonly id: string }> =>
        application.transaction(({ transaction }) =>
          dispatcher.emit('order.paid', { number }, { transaction, id: `paid_${number}`, idempotencyKey }),
        );
      await dispatcher.emit('order.paid', { number: 1 }, { id: 'paid_1', idempotencyKey });
      await emit(2);
      now += DAY;
      const { id } = await emit(3);
      await receiver.until(() => receiver.answered.has(id), 'it is delivered');
      now += DAY - 1;
      await emit(4);
      const again = dispatcher.emit('order.paid', { number: 3 }, { idempotencyKey });
      expect(await again).toMatchObject({ id: 'paid_3', duplicate: true });
      now += 1;
      await emit(5);
      await deliverAnother(world);
      expect([...receiver.arrived.keys()].filter((sent) => sent.startsWith('paid_'))).toEqual([
        'paid_1',
        'paid_3',
        'paid_5',
      ]);
    },
  );

  it('goes to the endpoints as they are after the commit', { timeout: TIMEOUT_MS }, async () => {
    await using world = await setup(caller);
    const { dispatcher, application, receiver } = world;
    const { id: removed } = await dispatcher.endpoints.create({ url: receiver.url, events: ['order.paid'] });
    const edit = async (): Promise<void> => {
      await dispatcher.endpoints.update('orders', { events: ['nothing'] });
      await dispatcher.endpoints.create({ id: 'later', url: receiver.url, events: ['order.paid'] });
      await dispatcher.endpoints.remove(removed);
    };
    const { id, editing } = await application.transaction(async ({ transaction, insertOrder }) => {
      await insertOrder('first');
      const receipt = await dispatcher.emit('order.paid', {}, { transaction });
      const isEdited = edit();
      // There is one writer on SQLite: everybody else waits for the commit.
      if (caller.kind !== 'sqlite') await isEdited;
      await insertOrder('second');
      return { id: receipt.id, editing: { isEdited } };
    });
    expect(await application.orders()).toEqual(['first', 'second']);
    await editing.isEdited;
    // There, matching may have been between the edits.
    if (caller.kind === 'sqlite') return;
    await receiver.until(() => receiver.answered.has(id), 'it is delivered');
    await dispatcher.drain();
    const { items } = await dispatcher.deliveries.list({ messageId: id });
    expect(items).toMatchObject([{ endpointId: 'later', state: 'succeeded' }]);
  });

  it(
    'of too much, or of the wrong data, leaves the transaction as it is',
    { timeout: TIMEOUT_MS },
    async () => {
      const events = defineEvents({ 'order.paid': z.looseObject({ number: z.number() }) });
      await using world = await setup(caller, { events, maxPayloadBytes: 100 });
      const { dispatcher, application } = world;
      await application.transaction(async ({ transaction, insertOrder }) => {
        const emit = (data: unknown, options = {}): Promise<unknown> =>
          dispatcher.emit('order.paid', data, { transaction, ...options });
        await expect(emit({ number: 'one' })).rejects.toMatchObject({ code: 'invalid_payload' });
        await expect(emit({ number: 1, text: 'x'.repeat(200) })).rejects.toMatchObject({
          code: 'invalid_payload',
        });
        await expect(emit({ number: 1 }, { to: [{ url: 'https://example.com' }] })).rejects.toMatchObject({
          path: 'to',
        });
        await expect(dispatcher.emit('order.lost', {}, { transaction })).rejects.toMatchObject({
          code: 'invalid_option',
        });
        await insertOrder('first');
      });
      expect(await application.orders()).toEqual(['first']);
    },
  );
});

describe.each(ON_SERVERS)('transactions of $name side by side', (caller) => {
  it('do not hide the older message of the slower one', { timeout: TIMEOUT_MS }, async () => {
    await using world = await setup(caller);
    const { dispatcher, application, receiver, location } = world;
    await using other = await openApplication(caller.name, location);
    const older = await application.transaction(async ({ transaction }) => {
      const slow = await dispatcher.emit('order.paid', { is: 'slow' }, { transaction });
      for (let count = 0; count < 3; count += 1) {
        const quick = await other.transaction((inner) =>
          dispatcher.emit('order.paid', { is: 'quick' }, { transaction: inner.transaction }),
        );
        await receiver.until(() => receiver.answered.has(quick.id), 'the newer one is delivered');
      }
      expect(receiver.arrived.has(slow.id)).toBe(false);
      return slow;
    });
    await receiver.until(() => receiver.answered.has(older.id), 'the older one is delivered, too');
    await dispatcher.drain();
    expect(receiver.arrivals).toHaveLength(4);
  });

  it.each([
    ['commits', ['mine', 'theirs']],
    ['rolls back', ['theirs']],
  ] as const)(
    'with one idempotency key do not wait for each other, and one message is sent, when the first %s',
    { timeout: TIMEOUT_MS },
    async (end, orders) => {
      await using world = await setup(caller);
      const { dispatcher, application, receiver, location } = world;
      await using other = await openApplication(caller.name, location);
      const idempotencyKey = 'same';
      const mine = application.transaction(async ({ transaction, insertOrder }) => {
        await insertOrder('mine');
        await dispatcher.emit('order.paid', { number: 1 }, { transaction, id: 'mine', idempotencyKey });
        await other.transaction(async (second) => {
          await second.insertOrder('theirs');
          const options = { transaction: second.transaction, id: 'theirs', idempotencyKey };
          await dispatcher.emit('order.paid', { number: 1 }, options);
        });
        await receiver.until(() => receiver.answered.has('theirs'), 'the second is delivered');
        const direct = await dispatcher.emit('order.paid', { number: 1 }, { idempotencyKey });
        expect(direct).toMatchObject({ id: 'theirs', duplicate: true });
        if (end === 'rolls back') throw new Error('the card was refused');
      });
      await (end === 'commits' ? mine : expect(mine).rejects.toThrow('the card was refused'));
      const last = await deliverAnother(world);
      await dispatcher.drain();
      expect([...receiver.arrived.keys()]).toEqual(['theirs', last]);
      expect((await dispatcher.messages.list()).items.map(({ id }) => id)).toEqual([last, 'theirs']);
      expect(await application.orders()).toEqual(orders);
    },
  );

  it(
    'keeps nobody waiting who emits with the key of a transaction that is open',
    { timeout: TIMEOUT_MS },
    async () => {
      await using world = await setup(caller);
      const { dispatcher, application, receiver } = world;
      const idempotencyKey = 'same';
      await application.transaction(async ({ transaction }) => {
        await dispatcher.emit('order.paid', { number: 1 }, { transaction, id: 'late', idempotencyKey });
        await dispatcher.emit('order.paid', { number: 1 }, { id: 'direct', idempotencyKey });
        await receiver.until(() => receiver.answered.has('direct'), 'the other one is delivered');
      });
      const last = await deliverAnother(world);
      await dispatcher.drain();
      expect([...receiver.arrived.keys()]).toEqual(['direct', last]);
      await expect(dispatcher.messages.get('late')).rejects.toMatchObject({ code: 'not_found' });
    },
  );
});

describe.each(ON_SERVERS)('an emit in a transaction of $name, as to when it may be made', (caller) => {
  it('waits for the start of the dispatcher', { timeout: TIMEOUT_MS }, async () => {
    await using world = await setup(caller);
    const { application, receiver } = world;
    await using late = new WebhookDispatcher({ store: openStore(world.location), network: LOOPBACK });
    const { id } = await application.transaction(({ transaction }) =>
      late.emit('order.paid', {}, { transaction }),
    );
    await receiver.until(() => receiver.answered.has(id), 'it is delivered');
  });

  it('waits for an asynchronous schema', { timeout: TIMEOUT_MS }, async () => {
    const schema = z.object({ number: z.number() }).refine(async ({ number }) => number > 0, 'too small');
    await using world = await setup(caller, { events: defineEvents({ 'order.paid': schema }) });
    const { dispatcher, application, receiver } = world;
    const { id } = await application.transaction(async ({ transaction }) => {
      const refused = dispatcher.emit('order.paid', { number: 0 }, { transaction });
      await expect(refused).rejects.toMatchObject({ code: 'invalid_payload' });
      return dispatcher.emit('order.paid', { number: 1 }, { transaction });
    });
    await receiver.until(() => receiver.answered.has(id), 'it is delivered');
    expect(receiver.arrivals).toHaveLength(1);
  });
});
