import { EventEmitter } from 'eventemitter3';
import { catchRejection } from '../core/catch-rejection.ts';
import { describeError, ListenerError, type PosthornError } from '../errors.ts';
import type { LifecycleEventName, LifecycleEvents } from '../lifecycle-events.ts';

/** Names of {@link LifecycleEvents}, to check what callers listen to. */
export const LIFECYCLE_EVENTS = [
  'message.accepted',
  'delivery.succeeded',
  'delivery.retrying',
  'delivery.exhausted',
  'delivery.discarded',
  'delivery.failed',
  'endpoint.created',
  'endpoint.updated',
  'endpoint.removed',
  'endpoint.paused',
  'endpoint.resumed',
  'endpoint.blocked',
  'endpoint.unblocked',
  'endpoint.failing',
  'endpoint.recovered',
  'endpoint.disabled',
  'endpoint.verified',
  'endpoint.verification_failed',
  'dispatcher.paused',
  'dispatcher.resumed',
  'alert.raised',
  'alert.cleared',
  'replay.started',
  'replay.progress',
  'replay.finished',
  'error',
] as const satisfies readonly LifecycleEventName[];

type AnyListener = (event: unknown) => unknown;

/**
 * eventemitter3 behind one guarded `emit`: there, a throwing listener would skip the next one and reach the engine, and
 * a rejecting one would become an unhandled rejection of the host.
 */
export class LifecycleEmitter {
  readonly #emitter = new EventEmitter<string, unknown>();
  readonly #report: (error: PosthornError, event: LifecycleEventName) => void;

  constructor(onListenerError: (error: PosthornError, event: LifecycleEventName) => void) {
    this.#report = onListenerError;
  }

  on(name: LifecycleEventName, listener: AnyListener): void {
    this.#emitter.on(name, listener);
  }

  off(name: LifecycleEventName, listener: AnyListener): void {
    this.#emitter.off(name, listener);
  }

  /** Lets callers skip building a payload that nobody would read. */
  hasListeners(name: LifecycleEventName): boolean {
    return this.#emitter.listenerCount(name) > 0;
  }

  emit<Name extends LifecycleEventName>(name: Name, event: LifecycleEvents[Name]): void {
    for (const listener of this.#emitter.listeners(name) as AnyListener[]) {
      try {
        catchRejection(listener(event), (cause) => this.#onFailure(name, cause));
      } catch (cause) {
        this.#onFailure(name, cause);
      }
    }
  }

  #onFailure(name: LifecycleEventName, cause: unknown): void {
    this.#report(
      new ListenerError(name, cause instanceof Error ? cause : new Error(describeError(cause))),
      name,
    );
  }
}
