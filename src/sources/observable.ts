import { catchRejection } from '../core/catch-rejection.ts';
import { unexpected } from '../core/expect-value.ts';
import { hasMethods, type ObjectKind, type Listening } from './source-kind.ts';

/**
 * What hands over event objects to a function: `subscribe(listener)` returns a function that ends it, or an object with
 * `unsubscribe`. RxJS Observables and Subjects, and hand-written ones.
 */
export interface SubscribeSource {
  subscribe(listener: (event: unknown) => void): unknown;
}

export const observableKind: ObjectKind = {
  delivers: 'objects',
  matches: (source) => hasMethods(source, 'subscribe'),
  listen(source: SubscribeSource, observer): Listening {
    // An Observable that fails, and has nobody to tell, throws into the process.
    const subscription: unknown = isObservable(source)
      ? source.subscribe(observer as never)
      : source.subscribe(observer.next);
    if (typeof subscription === 'function') return { answer: undefined, end: subscription as () => unknown };
    if (typeof subscription === 'object' && subscription !== null && hasMethods(subscription, 'unsubscribe'))
      return {
        answer: undefined,
        end: () => (subscription as { unsubscribe(): unknown }).unsubscribe(),
      };
    catchRejection(subscription, () => undefined);
    throw unexpected(
      'source',
      'subscribe() to return at once a function that ends it, or an object with unsubscribe()',
      subscription,
    );
  },
};

/** An Observable gives itself when asked for one; a store with `subscribe` gives another object, or is not asked. */
function isObservable(source: object): boolean {
  return [(Symbol as { readonly observable?: symbol }).observable, '@@observable'].some((key) => {
    const give = key === undefined ? undefined : (source as Record<PropertyKey, unknown>)[key];
    return typeof give === 'function' && give.call(source) === source;
  });
}
