import type { EmitterSource } from './emitter.ts';
import { hasMethods, type NamedKind, type Listening } from './source-kind.ts';

/** An emittery, typed or not: its `on` and `off` take the names of its own events only. */
export interface EmitterySource {
  on(event: never, listener: (...values: unknown[]) => void): unknown;
  off(event: never, listener: (...values: unknown[]) => void): unknown;
  onAny(listener: (...values: unknown[]) => void): unknown;
  offAny(listener: (...values: unknown[]) => void): unknown;
}

interface EmitteryLike extends EmitterSource {
  onAny(listener: (first: unknown, second?: unknown) => void): unknown;
  offAny(listener: (first: unknown, second?: unknown) => void): unknown;
}

/** What emittery 2 hands over, where emittery 1 hands over name and data. */
interface EmitteryEvent {
  readonly name: unknown;
  readonly data?: unknown;
}

/** emittery 1 and 2. Its `emit` waits for its listeners; ours are done at once. */
export const emitteryKind: NamedKind = {
  delivers: 'named',
  title: 'an emittery',
  matches: (source) => hasMethods(source, 'on', 'off', 'onAny', 'offAny'),
  listenTo(source: EmitteryLike, name, listener): Listening {
    let handsOverEvents = false;
    const listen = (value: unknown): void =>
      listener([handsOverEvents ? (value as EmitteryEvent | undefined)?.data : value]);
    // Since 2.0 what `on` returns can be disposed of; nothing is emitted before it has returned.
    const answer: unknown = source.on(name, listen);
    handsOverEvents = typeof answer === 'function' && Object.hasOwn(answer, Symbol.dispose);
    return { answer, end: () => source.off(name, listen) };
  },
  listenToAll(source: EmitteryLike, listener): Listening {
    // A name is a string, a symbol or a number: an object in its place is an event of emittery 2.
    const listen = (first: unknown, second?: unknown): void => {
      if (typeof first !== 'object' || first === null) return listener(first, [second]);
      const { name, data } = first as EmitteryEvent;
      listener(name, [data]);
    };
    return { answer: source.onAny(listen), end: () => source.offAny(listen) };
  },
};
