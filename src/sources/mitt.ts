import { unexpected } from '../core/expect-value.ts';
import { emitterKind, type EmitterSource } from './emitter.ts';
import { hasMethods, type NamedKind } from './source-kind.ts';

/** mitt: `on('*', (type, event) => …)` hears everything. */
export const mittKind: NamedKind = {
  delivers: 'named',
  title: 'a mitt emitter',
  // An EventEmitter may have a Map called `all`, too; to it '*' is a name like any other, and it would hear nothing.
  matches: (source) =>
    hasMethods(source, 'on', 'off', 'emit') &&
    Object.prototype.toString.call((source as { all?: unknown }).all) === '[object Map]' &&
    !hasMethods(source, 'addListener'),
  listenTo(source: EmitterSource, name, listener) {
    if (name === '*')
      throw unexpected('events', "the names of events ('*' is how mitt says all: events: ['*'])", name);
    return emitterKind.listenTo(source, name, listener);
  },
  listenToAll(source: EmitterSource, listener) {
    const listen = (name: unknown, event: unknown): void => listener(name, [event]);
    return { answer: source.on('*', listen), end: () => source.off('*', listen) };
  },
};
