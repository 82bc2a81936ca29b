import { hasMethods, type NamedKind } from './source-kind.ts';

/** A target of DOM events: EventTarget, and what inherits from it. */
export interface EventTargetSource {
  addEventListener(event: string, listener: (event: { readonly type: string }) => void): unknown;
  removeEventListener(event: string, listener: (event: { readonly type: string }) => void): unknown;
}

/** EventTarget: by name only. The data of a CustomEvent is its `detail`; other events carry none. */
export const eventTargetKind: NamedKind = {
  delivers: 'named',
  title: 'an EventTarget',
  matches: (source) => hasMethods(source, 'addEventListener', 'removeEventListener'),
  listenTo(source: EventTargetSource, name, listener) {
    const listen = (event: unknown): void => listener([event]);
    return {
      answer: source.addEventListener(name, listen),
      end: () => source.removeEventListener(name, listen),
    };
  },
  dataOf: ([event]) => (event as { readonly detail?: unknown }).detail,
};
