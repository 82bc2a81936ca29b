/** A dispatcher that is stopped while it reads what another one wrote, as short commands beside an application are. */
import { describe, expect, it } from 'vitest';
import type { WebhookDispatcher } from '../../src/dispatcher.ts';
import type { Store } from '../../src/store/store.ts';
import { createWorld, decorateStore, recordEvents, turn, until } from '../support/world.ts';

/** Calls that a store was asked for and has not answered. */
interface Unanswered {
  failAll(error: Error): void;
  readonly count: number;
}

/** From `begin` on, reading does not answer. */
function holdReads(store: Store): { readonly store: Store; readonly unanswered: Unanswered; begin(): void } {
  const fails: ((error: Error) => void)[] = [];
  let isHeld = false;
  const hold = <T>(read: () => Promise<T>): Promise<T> =>
    isHeld ? new Promise<T>((_resolve, reject) => fails.push(reject)) : read();
  const settings: Store['settings'] = {
    get: (params) => hold(() => store.settings.get(params)),
    put: (params) => store.settings.put(params),
  };
  const endpoints = new Proxy(store.endpoints, {
    get: (target, key) =>
      key === 'get'
        ? (params: never) => hold(() => target.get(params))
        : (Reflect.get(target, key, target) as unknown),
  });
  return {
    store: decorateStore(store, { settings, endpoints }),
    unanswered: {
      failAll: (error) => fails.splice(0).forEach((fail) => fail(error)),
      get count() {
        return fails.length;
      },
    },
    begin: () => void (isHeld = true),
  };
}

describe('stop, while a change of another dispatcher is read', () => {
  it.each<[string, (writer: WebhookDispatcher, id: string) => Promise<unknown>]>([
    ['the switch', (writer) => writer.pause()],
    ['an endpoint', (writer, id) => writer.endpoints.update(id, { name: 'other' })],
  ])('tells nothing of a store that is closed: %s', async (_what, write) => {
    await using world = await createWorld();
    const writer = world.start();
    const { id } = await writer.endpoints.create({ url: world.receiver.url });
    const { store, unanswered, begin } = holdReads(world.store);
    const reader = world.start({ store });
    const errors = recordEvents(reader, 'error');
    await reader.start();
    begin();
    await write(writer, id);
    await until(() => unanswered.count > 0, 'it is being read');
    await reader.stop();
    unanswered.failAll(new Error('closed'));
    for (let count = 0; count < 20; count += 1) await turn();
    expect(errors).toEqual([]);
  });
});
