/** What is likely to be given by mistake, and what the error says to give instead. */
import { describe, expect, it } from 'vitest';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { OptionsError } from '../../src/errors.ts';
import type { DispatcherOptions } from '../../src/options.ts';
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
      { breaker: { openMs: 1_000, maxOpenMs: 500 } },
      'breaker.maxOpenMs',
      'breaker.maxOpenMs: expected at least openMs, got 500 (number)',
    ],
    [
      { autoDisable: { afterMs: 60_000, failingAfterMs: 70_000 } },
      'autoDisable.failingAfterMs',
      'autoDisable.failingAfterMs: expected at most afterMs, got 70000 (number)',
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
