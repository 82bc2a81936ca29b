/** Endpoints that somebody else accepted, and that a dispatcher with other settings cannot serve. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WebhookDispatcher } from '../../src/dispatcher.ts';
import type { Logger } from '../../src/lifecycle-events.ts';
import type { DispatcherOptions } from '../../src/options.ts';
import { fileStore } from '../../src/store/file/file-store.ts';
import { temporaryDirectory } from '../store/file/file-layers.ts';
import { createWorld, recordEvents, turn, until, type World } from '../support/world.ts';

interface User {
  readonly dispatcher: WebhookDispatcher;
  readonly errors: { event: Record<string, unknown> }[];
  readonly warnings: string[];
}

function start(world: World, options: DispatcherOptions = {}): User {
  const warnings: string[] = [];
  const quiet = (): void => undefined;
  const warn = (_fields: object, message: string): void => void warnings.push(message);
  const logger: Logger = { debug: quiet, info: quiet, warn, error: quiet };
  const dispatcher = world.start({ logger, ...options });
  return { dispatcher, errors: recordEvents(dispatcher, 'error'), warnings };
}

const messagesOf = ({ errors }: User): string[] =>
  errors.map(({ event }) => (event['error'] as Error).message);

describe('an endpoint that a dispatcher cannot serve', () => {
  it('is told of at the start, by error event, health and lastError', async () => {
    await using world = await createWorld();
    const other = world.start({ signatures: ['github'] });
    await other.endpoints.create({ id: 'billing', url: world.receiver.url, secret: 'PRIVATE' });
    const user = start(world);
    await user.dispatcher.start();
    expect(user.errors).toMatchObject([{ event: { error: { name: 'StoreError', code: 'record_invalid' } } }]);
    const [message] = messagesOf(user);
    expect(message).toMatch(
      /^Endpoint "billing" cannot be served here: endpoint\.secrets\[0\]: expected .+[^.]\. What it should get is not sent; repair it, then replay what was discarded or failed\.$/,
    );
    expect(message).not.toContain('PRIVATE');
    expect(await user.dispatcher.health()).toMatchObject({
      unservedEndpoints: [{ endpointId: 'billing' }],
      lastError: { message },
    });
  });

  it('is told of when it comes, once for each revision', async () => {
    await using world = await createWorld();
    const other = world.start({ network: { allowPrivate: ['127.0.0.0/8', '10.0.0.0/8'] } });
    const user = start(world);
    await user.dispatcher.start();
    await other.endpoints.create({ id: 'inner', url: 'http://10.0.0.1/hooks' });
    await until(() => user.errors.length === 1, 'it is told');
    await other.endpoints.pause('inner');
    await other.endpoints.resume('inner');
    await turn();
    expect(messagesOf(user)[0]).toContain('Endpoint "inner" cannot be served here: endpoint.url');
    await other.endpoints.update('inner', { name: 'still there' });
    await until(() => user.errors.length === 2, 'it is told again');
    await other.endpoints.update('inner', { url: world.receiver.url });
    await until(
      async () => (await user.dispatcher.health()).unservedEndpoints.length === 0,
      'it is repaired',
    );
    expect(user.errors).toHaveLength(2);
  });

  it('is told of when a person wrote it into endpoints.json', async () => {
    await using world = await createWorld();
    const directory = temporaryDirectory();
    const store = fileStore(directory, { logger: { warn: () => undefined, error: () => undefined } });
    const user = start(world, { store });
    await user.dispatcher.start();
    const endpoints = [{ id: 'billing', url: 'https://example.com/hooks', secret: 'PRIVATE' }];
    writeFileSync(join(directory, 'endpoints.json'), JSON.stringify({ endpoints }));
    await until(() => user.errors.length > 0, 'it is told');
    expect(messagesOf(user)[0]).toContain('Endpoint "billing" cannot be served here');
    expect((await user.dispatcher.health()).unservedEndpoints).toHaveLength(1);
    await user.dispatcher.stop();
  });

  it('is a line in the log where another process may have the function that it names', async () => {
    await using world = await createWorld();
    const envelope = { acme: () => ({ body: '', contentType: 'text/plain' }) };
    const other = world.start({ functions: { envelope } });
    await other.endpoints.create({ id: 'acme', url: world.receiver.url, envelope: 'acme' });
    const user = start(world);
    await user.dispatcher.start();
    expect(user.errors).toEqual([]);
    expect(user.warnings).toEqual([
      'Endpoint "acme" cannot be served here: the function "acme" is not registered under functions.envelope in this process.',
    ]);
  });

  it.each<[string, DispatcherOptions]>([
    ['it is disabled', {}],
    ['the process only stores', { deliver: false }],
  ])('is not told of where %s', async (_where, options) => {
    await using world = await createWorld();
    const other = world.start({ signatures: ['github'] });
    const status = options.deliver === false ? 'enabled' : 'disabled';
    await other.endpoints.create({ url: world.receiver.url, secret: 'PRIVATE', status });
    const user = start(world, options);
    await user.dispatcher.start();
    expect([user.errors, user.warnings]).toEqual([[], []]);
  });

  it('is counted only, when it is one of many', async () => {
    await using world = await createWorld();
    const other = world.start({ signatures: ['github'] });
    for (let n = 0; n < 13; n += 1)
      await other.endpoints.create({ url: world.receiver.url, secret: 'PRIVATE' });
    const user = start(world);
    await user.dispatcher.start();
    expect(user.errors).toHaveLength(10);
    expect(user.warnings).toEqual([
      '3 more endpoints cannot be served here: health() lists them as unservedEndpoints.',
    ]);
  });
});
