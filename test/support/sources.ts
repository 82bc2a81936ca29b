/** Sources of every family: the real libraries, with what tests need of each in the same shape. */
import { EventEmitter, getEventListeners } from 'node:events';
import Emittery from 'emittery';
import eventemitter2 from 'eventemitter2';
import { EventEmitter as EventEmitter3 } from 'eventemitter3';
import mittModule, { type Emitter as MittEmitter } from 'mitt';
import type { Message } from '../../src/core/message.ts';
import type { EventSource } from '../../src/sources.ts';
import { until, type World } from './world.ts';

/** mitt's types are those of a CommonJS module; what is imported is its function. */
const mitt = mittModule as unknown as () => MittEmitter<Record<string, unknown>>;

export interface TestSource {
  readonly source: EventSource;
  emit(name: string, ...values: unknown[]): unknown;
  /** Listeners that hear an event of this name. */
  listeners(name: string): number;
}

/** What emittery 2 hands to its listeners, `{ name, data }`, over the emittery 1 that is installed. */
export class EmitteryOfEvents extends Emittery<Record<string, unknown>> {
  readonly #wrapped = new Map<unknown, (...values: never[]) => void>();

  override on(name: never, listener: (event: never) => void): () => void {
    const wrapped = (data: unknown): void => listener(toEvent(name, data) as never);
    this.#wrapped.set(listener, wrapped);
    const end = super.on(name, wrapped);
    return Object.assign(end, { [Symbol.dispose]: end });
  }

  override off(name: never, listener: never): void {
    super.off(name, (this.#wrapped.get(listener) ?? listener) as never);
  }

  override onAny(listener: (event: never, nothing?: never) => void): () => void {
    const wrapped = (name: unknown, data: unknown): void => listener(toEvent(name, data) as never);
    this.#wrapped.set(listener, wrapped);
    return super.onAny(wrapped);
  }

  override offAny(listener: never): void {
    super.offAny((this.#wrapped.get(listener) ?? listener) as never);
  }
}

const toEvent = (name: unknown, data: unknown): object => (data === undefined ? { name } : { name, data });

const ofNode = (): TestSource => {
  const source = new EventEmitter();
  return {
    source,
    emit: (name, ...values) => source.emit(name, ...values),
    listeners: (name) => source.listenerCount(name),
  };
};

const ofEventEmitter3 = (): TestSource => {
  const source = new EventEmitter3();
  return {
    source,
    emit: (name, ...values) => source.emit(name, ...values),
    listeners: (name) => source.listenerCount(name),
  };
};

const ofEventTarget = (): TestSource => {
  const source = new EventTarget();
  return {
    source,
    emit: (name, detail) => source.dispatchEvent(new CustomEvent(name, { detail })),
    listeners: (name) => getEventListeners(source, name).length,
  };
};

export const ofMitt = (): TestSource => {
  const source = mitt();
  return {
    source,
    emit: (name, value) => source.emit(name, value),
    listeners: (name) => [name, '*'].reduce((sum, key) => sum + (source.all.get(key)?.length ?? 0), 0),
  };
};

export const ofEmittery = (create: () => Emittery<Record<string, unknown>>): TestSource => {
  const source = create();
  return {
    source,
    emit: (name, value) => source.emit(name, value),
    listeners: (name) => source.listenerCount(name),
  };
};

export const ofEventEmitter2 = (
  options?: ConstructorParameters<typeof eventemitter2.EventEmitter2>[0],
): TestSource => {
  const source = new eventemitter2.EventEmitter2(options);
  return {
    source,
    emit: (name, ...values) => source.emit(name, ...values),
    listeners: (name) => source.listenerCount(name) + source.listenersAny().length,
  };
};

type Family = readonly [name: string, create: () => TestSource];

/** Families that hand their listeners the values that were emitted. */
export const WITHOUT_CATCH_ALL: readonly Family[] = [
  ["Node's EventEmitter", ofNode],
  ['eventemitter3', ofEventEmitter3],
  ['an EventTarget', ofEventTarget],
];

export const WITH_CATCH_ALL: readonly Family[] = [
  ['mitt', ofMitt],
  ['emittery', () => ofEmittery(() => new Emittery())],
  ['an emittery that hands over events', () => ofEmittery(() => new EmitteryOfEvents())],
  ['eventemitter2', () => ofEventEmitter2()],
  ['eventemitter2 with wildcards', () => ofEventEmitter2({ wildcard: true })],
];

/** A hand-written source of event objects. */
export class Subject<Event> {
  readonly listeners = new Set<(event: Event) => void>();
  readonly #ending: 'function' | 'object';

  constructor(ending: 'function' | 'object' = 'function') {
    this.#ending = ending;
  }

  subscribe(listener: (event: Event) => void): (() => void) | { unsubscribe: () => void } {
    this.listeners.add(listener);
    const unsubscribe = (): void => void this.listeners.delete(listener);
    return this.#ending === 'function' ? unsubscribe : { unsubscribe };
  }

  next(event: Event): void {
    for (const listener of this.listeners) listener(event);
  }
}

/** What is stored, oldest first, as soon as it is that many. */
export async function messagesOf(world: World, count: number): Promise<readonly Message[]> {
  const list = (): ReturnType<typeof world.store.list<'messages'>> =>
    world.store.list({ of: 'messages', where: {}, limit: 100 });
  await until(async () => (await list()).items.length >= count, `${count} messages are stored`);
  return [...(await list()).items].reverse();
}
