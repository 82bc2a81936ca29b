/** Traces by every way into the dispatcher, and where they must not matter. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createHarness, type Harness } from 'posthorn/testing';
import { recordEvents } from '../support/world.ts';

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const OTHER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

const tracesOf = ({ receiver }: Harness): (string | undefined)[] =>
  receiver.requests.map(({ headers }) => headers['traceparent']);

describe('a trace given with the message', () => {
  it('reaches destinations and the log of their attempts', async () => {
    await using harness = await createHarness();
    const { dispatcher, receiver } = harness;
    receiver.reply(500);
    const retry = { kind: 'schedule', delaysMs: [1_000], jitter: 0 } as const;
    const { deliveries } = await dispatcher.emit('job.done', 1, {
      to: { url: receiver.url, retry },
      traceparent: TRACE,
    });
    await harness.advance(1_000);
    expect(tracesOf(harness)).toEqual([TRACE, TRACE]);
    const [delivery] = await harness.deliveriesTo(deliveries[0]!.endpointId);
    expect(delivery!.attemptLog.map(({ traceparent }) => traceparent)).toEqual([TRACE, TRACE]);
  });

  it('comes from map and from the event adapter as well', async () => {
    await using harness = await createHarness({
      dispatcher: {
        eventAdapter: (event: { type: string; trace: string }) => ({
          type: event.type,
          data: null,
          traceparent: event.trace,
        }),
      },
    });
    const { dispatcher } = harness;
    await harness.createEndpoint();
    const source = new EventEmitter();
    dispatcher.attach(source, {
      events: ['job.done'],
      map: (_, traceparent) => ({ data: null, traceparent: traceparent as string }),
    });
    source.emit('job.done', TRACE);
    await harness.advance(0);
    await dispatcher.process({ type: 'job.failed', trace: OTHER });
    await harness.advance(0);
    expect(tracesOf(harness)).toEqual([TRACE, OTHER]);
  });

  it('is not what an idempotency key stands for: the first one stays', async () => {
    await using harness = await createHarness();
    await harness.createEndpoint();
    const idempotencyKey = 'once';
    const first = await harness.dispatcher.emit('job.done', 1, { idempotencyKey, traceparent: TRACE });
    const again = await harness.dispatcher.emit('job.done', 1, { idempotencyKey, traceparent: OTHER });
    expect(again).toMatchObject({ id: first.id, duplicate: true });
    await harness.advance(0);
    expect(tracesOf(harness)).toEqual([TRACE]);
  });

  it('is taken whole: no tracestate of the hook is mixed in', async () => {
    await using harness = await createHarness({
      dispatcher: { traceContext: () => ({ traceparent: TRACE, tracestate: 'a=1' }) },
    });
    await harness.createEndpoint();
    await harness.dispatcher.emit('job.done', 1, { traceparent: OTHER });
    await harness.advance(0);
    const [request] = harness.receiver.requests;
    expect(request!.headers['traceparent']).toBe(OTHER);
    expect(request!.headers).not.toHaveProperty('tracestate');
  });

  it.each(['cloudevents', 'cloudevents-binary', 'form', 'bytes'])(
    'travels with the envelope %s',
    async (envelope) => {
      await using harness = await createHarness();
      await harness.createEndpoint({ envelope });
      await harness.dispatcher.emit('job.done', 'AAAA', { traceparent: TRACE, tracestate: 'a=1,b=2' });
      await harness.advance(0);
      expect(harness.receiver.requests[0]!.headers).toMatchObject({
        traceparent: TRACE,
        tracestate: 'a=1,b=2',
      });
    },
  );
});

describe('the hook', () => {
  it('sees the async context of whoever emits into an attached source, or calls process', async () => {
    const storage = new AsyncLocalStorage<string>();
    await using harness = await createHarness({
      dispatcher: {
        traceContext: () => {
          const traceparent = storage.getStore();
          return traceparent === undefined ? undefined : { traceparent };
        },
      },
    });
    const { dispatcher } = harness;
    await harness.createEndpoint({ ordering: 'fifo' });
    const source = new EventEmitter();
    storage.run('00-of-no-emit', () => dispatcher.attach(source, { events: ['job.done'] }));
    storage.run(TRACE, () => source.emit('job.done', 1));
    await storage.run(OTHER, () => dispatcher.process({ type: 'job.done' }));
    source.emit('job.done', 3);
    await harness.advance(0);
    expect(tracesOf(harness)).toEqual([TRACE, OTHER, undefined]);
  });

  it('is not asked when emit names a trace, nor by a retry', async () => {
    let asked = 0;
    await using harness = await createHarness({
      dispatcher: {
        traceContext: () => {
          asked += 1;
          return { traceparent: TRACE };
        },
      },
    });
    const { dispatcher, receiver } = harness;
    receiver.reply(500);
    await harness.createEndpoint();
    await dispatcher.emit('job.done', 1, { traceparent: OTHER });
    await harness.advance(0);
    expect(asked).toBe(0);
    await dispatcher.emit('job.done', 2);
    await harness.advance(60_000);
    expect(asked).toBe(1);
    expect(tracesOf(harness).filter((trace) => trace === OTHER)).toHaveLength(2);
    expect(tracesOf(harness).filter((trace) => trace === TRACE)).toHaveLength(1);
  });

  it('is not asked by explain, which emits nothing: one that throws is not reported', async () => {
    await using harness = await createHarness({
      dispatcher: {
        traceContext: () => {
          throw new Error('no tracer');
        },
      },
    });
    const errors = recordEvents(harness.dispatcher, 'error');
    await harness.createEndpoint();
    expect((await harness.dispatcher.explain('job.done', 1)).items).toMatchObject([{ receives: true }]);
    expect(errors).toEqual([]);
  });

  it('that gives a tracestate which no header can carry is reported, and the message has no trace', async () => {
    await using harness = await createHarness({
      dispatcher: { traceContext: () => ({ traceparent: TRACE, tracestate: 'é' }) },
    });
    const errors = recordEvents(harness.dispatcher, 'error');
    await harness.createEndpoint();
    await harness.dispatcher.emit('job.done', 1);
    await harness.advance(0);
    expect(tracesOf(harness)).toEqual([undefined]);
    expect(errors).toMatchObject([{ event: { error: { code: 'function_failed' } } }]);
  });
});
