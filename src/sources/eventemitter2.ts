import { emitterKind, type EmitterSource } from './emitter.ts';
import { hasMethods, type NamedKind } from './source-kind.ts';

interface EventEmitter2Like extends EmitterSource {
  onAny(listener: (name: unknown, ...values: unknown[]) => void): unknown;
  offAny(listener: (name: unknown, ...values: unknown[]) => void): unknown;
  readonly delimiter?: unknown;
}

/** What it tells of itself, where its options ask for that: no events of the host. */
const OWN_EVENTS: ReadonlySet<unknown> = new Set(['newListener', 'removeListener', 'removeListenerAny']);

/**
 * eventemitter2, and emitters with the same catch-all (the sockets of socket.io). Names that can be listed are not
 * listened to by `onAny`: while anybody does, an `error` event that nobody hears throws no more.
 */
export const eventemitter2Kind: NamedKind = {
  delivers: 'named',
  title: 'an eventemitter2',
  matches: (source) => hasMethods(source, 'on', 'off', 'onAny', 'offAny', 'listenersAny'),
  listenTo: (source, name, listener) => emitterKind.listenTo(source, name, listener),
  listenToAll(source: EventEmitter2Like, listener) {
    const listen = (name: unknown, ...values: unknown[]): void => {
      if (!OWN_EVENTS.has(name)) listener(Array.isArray(name) ? joinName(name, source) : name, values);
    };
    return { answer: source.onAny(listen), end: () => source.offAny(listen) };
  },
};

/** `emit(['job', 'done'])` is `emit('job.done')`, or whatever the delimiter makes of it. */
function joinName(segments: readonly unknown[], { delimiter }: EventEmitter2Like): unknown {
  if (!segments.every((segment) => typeof segment === 'string')) return undefined;
  return segments.join(typeof delimiter === 'string' ? delimiter : '.');
}
