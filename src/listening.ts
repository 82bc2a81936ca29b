/** `dispatcher.on` and `once`: checks what callers give, and hangs it on the emitter. */
import { unexpected, unexpectedWord } from './core/expect-value.ts';
import { LIFECYCLE_EVENTS, type LifecycleEmitter } from './engine/lifecycle-emitter.ts';
import type { LifecycleEventName, LifecycleListener } from './lifecycle-events.ts';

/**
 * Listens until the function that it returns is called.
 *
 * @throws OptionsError for a name that no event has, and what is no function
 */
export function listen<Name extends LifecycleEventName, Type extends string>(
  emitter: LifecycleEmitter,
  name: Name,
  listener: LifecycleListener<Name, Type>,
): () => void {
  if (!LIFECYCLE_EVENTS.includes(name))
    throw unexpectedWord('event', 'the name of a lifecycle event', LIFECYCLE_EVENTS, name);
  if (typeof listener !== 'function') throw unexpected('listener', 'a function', listener);
  // Wrapped, so that a listener that is registered twice can be ended once.
  const call = (event: unknown): unknown => (listener as (event: unknown) => unknown)(event);
  emitter.on(name, call);
  return () => emitter.off(name, call);
}

/** The same for the next event of this name only. */
export function listenOnce<Name extends LifecycleEventName, Type extends string>(
  emitter: LifecycleEmitter,
  name: Name,
  listener: LifecycleListener<Name, Type>,
): () => void {
  const end = listen<Name, Type>(emitter, name, (event) => {
    end();
    return listener(event);
  });
  return end;
}
