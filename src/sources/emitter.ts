import { hasMethods, type NamedKind } from './source-kind.ts';

/** An emitter with `on` and `off`: Node's EventEmitter, eventemitter3, eventemitter2, mitt, emittery and their like. */
export interface EmitterSource {
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  off(event: string, listener: (...values: unknown[]) => void): unknown;
}

/** Node's EventEmitter, eventemitter3, and whatever else has `on` and `off`. By name only. */
export const emitterKind: NamedKind = {
  delivers: 'named',
  title: 'an emitter that has on() and off() alone',
  matches: (source) => hasMethods(source, 'on', 'off'),
  listenTo(source: EmitterSource, name, listener) {
    const listen = (...values: unknown[]): void => listener(values);
    return { answer: source.on(name, listen), end: () => source.off(name, listen) };
  },
};
