/** `dispatcher.on` and `once`: checks what callers give, and hangs it on the emitter. */
import { describeValue } from './core/describe-value.ts';
import { unexpected } from './core/expect-value.ts';
import { nearest } from './core/nearest.ts';
import { LIFECYCLE_EVENTS, type LifecycleEmitter } from './engine/lifecycle-emitter.ts';
import { OptionsError } from './errors.ts';
import type { LifecycleEventName, LifecycleListener } from './lifecycle-events.ts';

const STEM_LENGTH = 4;

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
  if (!LIFECYCLE_EVENTS.includes(name)) throw unknownEvent(name);
  if (typeof listener !== 'function') throw unexpected('listener', 'a function', listener);
  // Wrapped, so that a listener that is registered twice can be ended once.
  const call = (event: unknown): unknown => (listener as (event: unknown) => unknown)(event);
  emitter.on(name, call);
  return () => emitter.off(name, call);
}

function unknownEvent(name: unknown): OptionsError {
  const near = typeof name === 'string' ? nearestEvent(name) : undefined;
  const advice = near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`;
  return new OptionsError(
    'event',
    `event: expected the name of a lifecycle event, got ${describeValue(name)}.${advice} docs/reference/events.md has all of them.`,
  );
}

/** Verbs are written in many forms, so of the same noun one that begins alike is taken, too: `delivery.success`. */
function nearestEvent(name: string): string | undefined {
  const [noun = '', verb = ''] = name.toLowerCase().split('.');
  const stem = verb.slice(0, STEM_LENGTH);
  return (
    nearest(name, LIFECYCLE_EVENTS) ??
    LIFECYCLE_EVENTS.find((event) => stem.length === STEM_LENGTH && event.startsWith(`${noun}.${stem}`))
  );
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
