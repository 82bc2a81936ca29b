/** What is likely to be given by mistake, and what the error says to give instead. */
import { PGlite } from '@electric-sql/pglite';
import { Kysely, PostgresDialect } from 'kysely';
import Libsql from 'libsql';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { OptionsError } from '../../src/errors.ts';
import type { DispatcherOptions } from '../../src/options.ts';
import type { JsonObject, JsonValue } from '../../src/core/json.ts';
import { createWorld } from '../support/world.ts';
import { createHarness } from '../../src/testing/harness.ts';

const errorOf = (options: unknown): unknown => {
  try {
    return new WebhookDispatcher(options as DispatcherOptions);
  } catch (error) {
    return error;
  }
};

describe('options of a dispatcher', () => {
  it.each<[object, string, string]>([
    [
      { store: './webhooks' },
      'store',
      `store: expected a store, got a string. Did you mean fileStore('./webhooks') of posthorn/file?`,
    ],
    [
      { store: './webhooks.db' },
      'store',
      'store: expected a store, got a string. Did you mean sqlStore(…) of posthorn/sql?',
    ],
    [
      { store: 'postgres://me:pw@db/x' },
      'store',
      'store: expected a store, got a string. Did you mean sqlStore(…) of posthorn/sql?',
    ],
    [
      { retention: false },
      'retention',
      'retention: expected an object, got false (boolean). To keep everything, write { succeededMs: Infinity, unsuccessfulMs: Infinity }.',
    ],
    [
      { emitTimeoutMs: '30s' },
      'emitTimeoutMs',
      'emitTimeoutMs: expected a number or Infinity, got "30s" (string).',
    ],
    [
      { breaker: { openMs: 1_000, maxOpenMs: 500 } },
      'breaker.maxOpenMs',
      'breaker.maxOpenMs: expected at least openMs, got 500 (number).',
    ],
    [
      { autoDisable: { afterMs: 60_000, failingAfterMs: 70_000 } },
      'autoDisable.failingAfterMs',
      'autoDisable.failingAfterMs: expected at most afterMs, got 70000 (number).',
    ],
    [
      { headers: { Authorization: 'Bearer x' }, auth: { type: 'basic', username: 'u', password: 'p' } },
      'headers["Authorization"]',
      'headers["Authorization"]: the header Authorization cannot be set here: auth writes it.',
    ],
    [
      { computedHeaders: { 'X-Id': 'message.id' }, headers: { 'x-id': 'a' } },
      'headers["x-id"]',
      'headers["x-id"]: the header x-id cannot be set here: computedHeaders writes it.',
    ],
    [
      { network: { allowPrivate: ['10.0.0.0/8', '169.254.0.0/16'] } },
      'network.allowPrivate[1]',
      'network.allowPrivate[1]: 169.254.0.0/16 is link-local, where clouds serve instance credentials, and stays refused whatever is allowed. Leave it out.',
    ],
    [
      { network: { allowPrivate: true } },
      'network.allowPrivate',
      "network.allowPrivate: expected an array of ranges such as ['127.0.0.0/8'], got true (boolean).",
    ],
    [
      { store: Promise.resolve() },
      'store',
      'store: expected a store, got a promise. Await it before you give it.',
    ],
    [
      { store: () => 1 },
      'store',
      "store: expected a store, got a function. Call it, as in store: fileStore('./webhooks').",
    ],
    [
      { store: new pg.Pool() },
      'store',
      'store: expected a store, got a pool. Did you mean sqlStore(pool) of posthorn/sql?',
    ],
    [
      { store: mysql.createPool('mysql://127.0.0.1:1/none') },
      'store',
      'store: expected a store, got a pool. Did you mean sqlStore(pool) of posthorn/sql?',
    ],
    [
      { store: new Libsql(':memory:') },
      'store',
      'store: expected a store, got a database object. Did you mean sqlStore(db) of posthorn/sql?',
    ],
    [
      // Only its prototype: an instance takes seconds to start.
      { store: Object.create(PGlite.prototype) as PGlite },
      'store',
      'store: expected a store, got a database object. Did you mean sqlStore(db) of posthorn/sql?',
    ],
    [
      { store: new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool() }) }) },
      'store',
      'store: expected a store, got a Kysely instance. Did you mean sqlStore(db) of posthorn/sql?',
    ],
    [
      { concurrency: Infinity },
      'concurrency',
      'concurrency: expected a whole number from 1 to 10000, got Infinity (number).',
    ],
    [
      { timeoutMs: '5s' },
      'timeoutMs',
      'timeoutMs: expected a number of milliseconds from 1 to 600000, got "5s" (string).',
    ],
    [
      { rateLimit: 100 },
      'rateLimit',
      'rateLimit: expected an object such as { limit: 10, intervalMs: 1000 }, or false, got 100 (number).',
    ],
    [
      { maxRate: { limit: 0, intervalMs: 1 } },
      'maxRate.limit',
      'maxRate.limit: expected a whole number of at least 1, got 0 (number).',
    ],
    [
      { breaker: true },
      'breaker',
      'breaker: expected an object such as { failureShare: 0.5, windowMs: 60000 }, or false, got true (boolean).',
    ],
    [
      { autoDisable: 5 },
      'autoDisable',
      'autoDisable: expected an object such as { afterMs: 432000000 }, or false, got 5 (number).',
    ],
    [
      { verification: true },
      'verification',
      'verification: expected "challenge", "handshake" or false, got true (boolean).',
    ],
    [
      { retryOn: ['5xx', '429'] },
      'retryOn[1]',
      'retryOn[1]: expected a status, a class of statuses or a reason, got "429" (string). A status is a number: write 429.',
    ],
    [
      { success: ['200'] },
      'success[0]',
      'success[0]: expected a status or class of statuses, got "200" (string). A status is a number: write 200.',
    ],
    [{ retries: 3 }, 'retries', 'Unknown key "retries". Did you mean "retry"?'],
    [
      { colour: 'red' },
      'colour',
      'Unknown key "colour". Nothing that is known is like it; see docs/reference/options.md.',
    ],
    [
      { breaker: { openMs: 700_000 } },
      'breaker.openMs',
      'breaker.openMs: expected at most maxOpenMs, which is 600000 unless given, got 700000 (number). Give both.',
    ],
    [
      { autoDisable: { afterMs: 60_000 } },
      'autoDisable.afterMs',
      'autoDisable.afterMs: expected at least failingAfterMs, which is 3600000 unless given, got 60000 (number). Give both.',
    ],
    [{ retrys: 'short' }, 'retrys', 'Unknown key "retrys". Did you mean "retry"?'],
    [
      { network: { allow: [] } },
      'network.allow',
      'Unknown key "network.allow". Known are allowPrivate, allowHosts, requireHttps, proxy, lookup.',
    ],
  ])('are refused with what was meant: %j', (options, path, message) => {
    const error = errorOf(options);
    expect(error).toBeInstanceOf(OptionsError);
    expect(error).toMatchObject({ path, message });
  });

  it.each([null, 'text', 5, []])('are an object, not %j', (options) => {
    expect(errorOf(options)).toMatchObject({ message: expect.stringContaining('Options: expected') });
  });
});

describe('an endpoint', () => {
  it.each<[unknown, string, string]>([
    [
      'https://a.example/',
      'endpoint',
      'endpoint: expected an object such as { url: \'https://…\' }, got "https://a.example/" (string).',
    ],
    [
      { url: 'https://a.example/', events: 'a.*' },
      'endpoint.events',
      `endpoint.events: expected a list of 1 to 1000 event types and patterns, such as ['job.*'], got "a.*" (string).`,
    ],
    [
      { url: 'https://a.example/', enabled: false },
      'endpoint.enabled',
      `Unknown key "endpoint.enabled". Did you mean status: 'enabled' or 'disabled'?`,
    ],
  ])('is refused with what was meant: %j', async (input, path, message) => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    await expect(endpoints.create(input as never)).rejects.toMatchObject({ path, message });
  });

  it('is switched off by its status in an update, too', async () => {
    await using world = await createWorld();
    const { endpoints } = world.start();
    const { id } = await endpoints.create({ url: 'https://a.example/' });
    await expect(endpoints.update(id, { enabled: false } as never)).rejects.toMatchObject({
      message: expect.stringContaining("Did you mean status: 'enabled' or 'disabled'?"),
    });
  });
});

describe('settings of an endpoint of which one bounds the other', () => {
  const autoDisable = { afterMs: 60_000 };
  const breaker = { openMs: 700_000 };

  it('are checked against the default of what is left out, when it is created, changed, or comes with a message', async () => {
    await using harness = await createHarness();
    const { dispatcher } = harness;
    const { id } = await harness.createEndpoint();
    const url = harness.receiver.url;
    const path = 'endpoint.autoDisable.afterMs';
    await expect(dispatcher.endpoints.create({ url, autoDisable })).rejects.toMatchObject({ path });
    await expect(dispatcher.endpoints.update(id, { autoDisable })).rejects.toMatchObject({ path });
    await expect(dispatcher.emit('job.done', 1, { to: { url, breaker } })).rejects.toMatchObject({
      path: expect.stringMatching(/\.breaker\.openMs$/),
    });
    const fitting = { autoDisable: { ...autoDisable, failingAfterMs: 0 }, breaker: false } as const;
    expect(await dispatcher.endpoints.update(id, fitting)).toMatchObject(fitting);
  });

  it('are not those of the dispatcher: an endpoint has its own as a whole', async () => {
    await using harness = await createHarness({
      dispatcher: { autoDisable: { ...autoDisable, failingAfterMs: 1_000 } },
    });
    const path = 'endpoint.autoDisable.afterMs';
    await expect(harness.createEndpoint({ autoDisable })).rejects.toMatchObject({ path });
  });
});

describe('options of an emit', () => {
  it('are refused in the same words', async () => {
    await using world = await createWorld();
    const emitted = world.start().emit('a.b', 1, { tennant: 'x' } as object);
    await expect(emitted).rejects.toMatchObject({
      path: 'tennant',
      message: 'Unknown key "tennant". Did you mean "tenant"?',
    });
  });
});

describe('wrong names and amounts', () => {
  it('of a lifecycle event are answered with the nearest, and with the page of all', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const listen = (name: string) => (): unknown => dispatcher.on(name as 'error', () => undefined);
    expect(listen('delivery.success')).toThrow(
      'event: expected the name of a lifecycle event, got "delivery.success" (string). Did you mean "delivery.succeeded"? docs/reference/events.md has all of them.',
    );
    expect(listen('endpoint.disable')).toThrow('"endpoint.disabled"');
    expect(listen('nothing')).toThrow('got "nothing" (string). docs/reference/events.md has all of them.');
  });

  it('of metadata say how deep it is, before it holds up what comes after it', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const nested = (levels: number, value: JsonValue = '[{"\\'): JsonObject => {
      for (let level = 1; level < levels; level += 1) value = level % 2 === 0 ? { a: value } : [value];
      return { a: value };
    };
    for (const levels of [65, 2000]) {
      const metadata = nested(levels);
      const message = new RegExp(
        `metadata: expected at most 64 levels of objects and lists, got ${levels}\\.`,
      );
      await expect(dispatcher.emit('a.b', 1, { metadata })).rejects.toThrow(message);
      await expect(dispatcher.endpoints.create({ url: 'https://example.com/', metadata })).rejects.toThrow(
        message,
      );
    }
    const { id } = await dispatcher.emit('a.b', 1, { metadata: nested(64) });
    expect((await dispatcher.messages.get(id)).metadata).toEqual(nested(64));
  });

  it('of metadata say how large it is', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const metadata = { note: 'é'.repeat(10_000) };
    const message = /metadata: expected at most 16384 bytes of JSON, got 20011\./;
    await expect(dispatcher.emit('a.b', 1, { metadata })).rejects.toThrow(message);
    await expect(dispatcher.endpoints.create({ url: 'https://example.com/', metadata })).rejects.toThrow(
      message,
    );
  });
});

describe('the id of an endpoint that is not there', () => {
  it('is not said to have been pruned', async () => {
    await using world = await createWorld();
    await expect(world.start().endpoints.get('ep_none')).rejects.toThrow(
      /^No endpoint has the id "ep_none"\. It may have been removed\.$/,
    );
  });
});

describe('the id of a message that is not there', () => {
  it('may be that of one that repeated an idempotency key', async () => {
    await using world = await createWorld();
    await expect(world.start().messages.get('msg_none')).rejects.toMatchObject({
      message:
        'No message has the id "msg_none". It may have been removed, or pruned by retention. ' +
        'One that repeats an idempotency key is not kept: look for the first with this key.',
    });
  });
});
