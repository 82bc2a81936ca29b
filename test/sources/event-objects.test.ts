import { describe, expect, it } from 'vitest';
import { OptionsError } from '../../src/errors.ts';
import { messagesOf, Subject } from '../support/sources.ts';
import { createWorld, recordEvents } from '../support/world.ts';

interface Observer {
  next(event: unknown): void;
  error(reason: unknown): void;
  complete(): void;
}

/** An Observable as RxJS makes them: it takes observers, and throws what nobody wants to hear. */
class Observable {
  readonly observers = new Set<Observer>();

  subscribe(observer: Observer | ((event: unknown) => void)): { unsubscribe(): void } {
    if (typeof observer === 'function') throw new Error('an observer is expected, which hears of errors');
    this.observers.add(observer);
    return { unsubscribe: () => void this.observers.delete(observer) };
  }

  ['@@observable'](): this {
    return this;
  }
}

describe('attach to what hands over event objects', () => {
  it.each(['function', 'object'] as const)(
    'delivers them until it is ended by the %s that subscribe returns',
    async (ending) => {
      await using world = await createWorld();
      const dispatcher = world.start();
      await dispatcher.endpoints.create({ url: world.receiver.url, ordering: 'fifo' });
      const subject = new Subject<object>(ending);
      const end = dispatcher.attach(subject);
      expect(subject.listeners.size).toBe(1);
      subject.next({ type: 'job.done', jobId: '42' });
      subject.next({ type: 'job.failed', data: { why: 'no' }, at: 7 });
      const requests = await world.receiver.waitFor(2);
      expect(requests.map((request) => request.json())).toMatchObject([
        { type: 'job.done', data: { jobId: '42' } },
        { type: 'job.failed', data: { why: 'no' } },
      ]);
      end();
      end();
      expect(subject.listeners.size).toBe(0);
      subject.next({ type: 'job.done' });
      await world.advance(0);
      expect(world.receiver.received).toBe(2);
    },
  );

  it('ends with the dispatcher', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const subject = new Subject();
    dispatcher.attach(subject);
    await dispatcher.stop();
    expect(subject.listeners.size).toBe(0);
  });

  it('takes only the events that are listed or covered by a pattern, and renames them', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const listed = new Subject<object>();
    dispatcher.attach(listed, { events: ['job.*', 'user.created'] });
    for (const type of ['job.done', 'user.created', 'user.removed', 'job:odd']) listed.next({ type });
    const renamed = new Subject<object>();
    dispatcher.attach(renamed, { events: { done: 'job.finished' } });
    for (const type of ['done', 'job.finished', 'other']) renamed.next({ type });
    expect((await messagesOf(world, 3)).map(({ type }) => type)).toEqual([
      'job.done',
      'user.created',
      'job.finished',
    ]);
  });

  it('asks map, and the event adapter where there is none; both may set what emit takes', async () => {
    await using world = await createWorld();
    interface Event {
      readonly kind: string;
      readonly owner?: string;
    }
    const dispatcher = world.start({
      eventAdapter: ({ kind, owner }: Event) => ({
        type: `adapted.${kind}`,
        data: null,
        ...(owner === undefined ? {} : { tenant: owner }),
        metadata: { by: 'adapter' },
      }),
    });
    const subject = new Subject<Event>();
    dispatcher.attach(subject, { tenant: 'acme' });
    dispatcher.attach(subject, {
      map: ({ kind }: Event) => (kind === 'b' ? undefined : { type: `mapped.${kind}`, data: kind }),
    });
    subject.next({ kind: 'a' });
    subject.next({ kind: 'b', owner: 'own' });
    expect(await messagesOf(world, 3)).toMatchObject([
      { type: 'adapted.a', tenant: 'acme', metadata: { by: 'adapter' } },
      { type: 'mapped.a', tenant: 'default', dataJson: '"a"' },
      { type: 'adapted.b', tenant: 'own' },
    ]);
  });

  it('reports events that cannot be read, and goes on', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    const subject = new Subject<unknown>();
    dispatcher.attach(subject);
    dispatcher.attach(subject, { map: () => ({ data: 1 }) as never, events: ['*'] });
    subject.next(7);
    subject.next({ type: 'job.done' });
    expect(await messagesOf(world, 1)).toMatchObject([{ type: 'job.done', dataJson: '{}' }]);
    expect(errors).toMatchObject([
      { event: { error: { code: 'invalid_option', path: 'event' } } },
      { event: { error: { code: 'invalid_option', path: 'type' } } },
      { event: { error: { code: 'invalid_option', path: 'type' } } },
    ]);
  });

  it('gives an Observable an observer, so that its failure is reported and not thrown', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const errors = recordEvents(dispatcher, 'error');
    const failing = new Observable();
    const ending = new Observable();
    dispatcher.attach(failing);
    const end = dispatcher.attach(ending);
    const [observer] = failing.observers;
    observer!.next({ type: 'job.done' });
    observer!.error(new Error('the stream broke'));
    observer!.next({ type: 'job.late' });
    observer!.error(new Error('again'));
    for (const each of ending.observers) each.complete();
    for (const each of ending.observers) each.next({ type: 'job.late' });
    expect(await messagesOf(world, 1)).toMatchObject([{ type: 'job.done' }]);
    expect(errors).toMatchObject([
      {
        event: {
          error: { code: 'function_failed', message: 'An attached source threw: the stream broke' },
        },
      },
    ]);
    end();
    expect(ending.observers.size).toBe(0);
  });

  it('takes what is handed over while subscribe runs, even when that is all', async () => {
    await using world = await createWorld();
    const dispatcher = world.start();
    const replaying = {
      '@@observable'() {
        return this;
      },
      subscribe(observer: Observer) {
        observer.next({ type: 'job.done' });
        observer.complete();
        return { unsubscribe: () => undefined };
      },
    };
    const end = dispatcher.attach(replaying as never);
    end();
    expect(await messagesOf(world, 1)).toMatchObject([{ type: 'job.done' }]);
  });

  it('hands a store that gives another Observable a function', async () => {
    await using world = await createWorld();
    const subject = new Subject<object>();
    const store = Object.assign(subject, { '@@observable': () => new Observable() });
    world.start().attach(store);
    store.next({ type: 'job.done' });
    expect(await messagesOf(world, 1)).toMatchObject([{ type: 'job.done' }]);
  });

  it.each([
    ['nothing', () => undefined],
    ['a promise', () => Promise.reject(new Error('not now'))],
    ['an object without unsubscribe', () => ({})],
  ])('refuses a subscription that cannot be ended: %s', async (_what, subscribed) => {
    await using world = await createWorld();
    const dispatcher = world.start();
    let listener!: (event: unknown) => void;
    const source = {
      subscribe(given: (event: unknown) => void) {
        listener = given;
        return subscribed();
      },
    };
    expect(() => dispatcher.attach(source)).toThrow(OptionsError);
    listener({ type: 'job.done' });
    await world.advance(0);
    expect((await dispatcher.messages.list()).items).toEqual([]);
  });
});
