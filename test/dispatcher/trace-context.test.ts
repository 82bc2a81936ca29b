import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { createWorld, onlyDelivery, recordEvents } from '../support/world.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const OTHER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

describe('trace context', () => {
  it('travels to the receiver and onto every attempt', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint({ retry: { kind: 'schedule', delaysMs: [1_000] } });
    harness.receiver.reply(503);
    await harness.dispatcher.emit('job.done', 1, { traceparent: TRACEPARENT, tracestate: 'acme=1,b=2' });
    await harness.advance(1_000);
    for (const { headers } of harness.receiver.requests)
      expect(headers).toMatchObject({ traceparent: TRACEPARENT, tracestate: 'acme=1,b=2' });
    const { attemptLog } = await onlyDelivery(harness.dispatcher);
    expect(attemptLog.map(({ traceparent }) => traceparent)).toEqual([TRACEPARENT, TRACEPARENT]);
    const [message] = (await harness.dispatcher.messages.list()).items;
    expect(message!.trace).toEqual({ traceparent: TRACEPARENT, tracestate: 'acme=1,b=2' });
  });

  it('survives a restart', async () => {
    await using world = await createWorld();
    const producer = world.start({ deliver: false });
    await producer.endpoints.create({ url: world.receiver.url });
    await producer.emit('job.done', 1, { traceparent: TRACEPARENT });
    await producer.stop();
    await world.start().start();
    const [request] = await world.receiver.waitFor(1);
    expect(request!.headers).toMatchObject({ traceparent: TRACEPARENT });
    expect(request!.headers).not.toHaveProperty('tracestate');
  });

  it('is taken from the async context of the caller through a hook, unless emit names one', async () => {
    const storage = new AsyncLocalStorage<string>();
    await using harness = await createHarness({
      dispatcher: {
        traceContext: () => {
          const traceparent = storage.getStore();
          return traceparent === undefined ? undefined : { traceparent };
        },
      },
    });
    await harness.createEndpoint({ ordering: 'fifo' });
    await storage.run(TRACEPARENT, () => harness.dispatcher.emit('job.done', 1));
    await storage.run(TRACEPARENT, () => harness.dispatcher.emit('job.done', 2, { traceparent: OTHER }));
    await harness.dispatcher.emit('job.done', 3);
    await harness.advance(0);
    const sent = harness.receiver.requests.map(({ headers }) => headers['traceparent']);
    expect(sent).toEqual([TRACEPARENT, OTHER, undefined]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no tracer');
      },
    ],
    ['gives nonsense', () => ({ traceparent: 'abc' })],
    ['gives a string', () => TRACEPARENT as never],
  ])('is left out, and the hook reported, when the hook %s', async (_, traceContext) => {
    await using harness = await createHarness({ dispatcher: { traceContext } });
    const errors = recordEvents(harness.dispatcher, 'error');
    await harness.createEndpoint();
    await harness.dispatcher.emit('job.done', 1);
    await harness.advance(0);
    expect(harness.receiver.requests[0]!.headers).not.toHaveProperty('traceparent');
    expect(errors[0]!.event['error']).toMatchObject({ code: 'function_failed' });
  });

  it.each([
    ['no-trace', undefined, 'traceparent'],
    [TRACEPARENT.toUpperCase(), undefined, 'traceparent'],
    [`ff${TRACEPARENT.slice(2)}`, undefined, 'traceparent'],
    [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, undefined, 'traceparent'],
    [7, undefined, 'traceparent'],
    [undefined, 'acme=1', 'traceparent'],
    [TRACEPARENT, 'a\r\nb', 'tracestate'],
    [TRACEPARENT, 'x'.repeat(513), 'tracestate'],
  ])('refuses traceparent %j with tracestate %j, naming %s', async (traceparent, tracestate, path) => {
    await using dispatcher = new WebhookDispatcher();
    const options = { traceparent, tracestate } as { traceparent: string };
    await expect(dispatcher.emit('job.done', 1, options)).rejects.toMatchObject({
      code: 'invalid_option',
      path,
    });
    expect((await dispatcher.messages.list()).items).toEqual([]);
  });

  it('belongs to the message: endpoints cannot set its headers', async () => {
    await using dispatcher = new WebhookDispatcher();
    for (const name of ['traceparent', 'TraceState']) {
      const headers = { [name]: TRACEPARENT };
      await expect(
        dispatcher.endpoints.create({ url: 'https://example.com', headers }),
      ).rejects.toMatchObject({ code: 'invalid_option' });
    }
  });
});
