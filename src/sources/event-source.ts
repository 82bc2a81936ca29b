import { describeValue } from '../core/describe-value.ts';
import { OptionsError } from '../errors.ts';
import { type EmitterSource, emitterKind } from './emitter.ts';
import { emitteryKind, type EmitterySource } from './emittery.ts';
import { eventemitter2Kind } from './eventemitter2.ts';
import { type EventTargetSource, eventTargetKind } from './event-target.ts';
import { mittKind } from './mitt.ts';
import { observableKind } from './observable.ts';
import type { SourceKind } from './source-kind.ts';

/** A source whose events have names; `SubscribeSource` is one whose events are objects. */
export type EventSource = EmitterSource | EmitterySource | EventTargetSource;

/** From the particular to the general: the first that recognises a source serves it. */
const SOURCE_KINDS: readonly SourceKind[] = [
  eventemitter2Kind,
  emitteryKind,
  mittKind,
  emitterKind,
  eventTargetKind,
  observableKind,
];

/** @throws OptionsError for what is no source of events */
export function kindOf(source: unknown): SourceKind {
  if ((typeof source === 'object' && source !== null) || typeof source === 'function') {
    const kind = SOURCE_KINDS.find((candidate) => candidate.matches(source));
    if (kind !== undefined) return kind;
  }
  throw new OptionsError(
    'source',
    'attach: expected an event emitter with on() and off(), an EventTarget, or an object with subscribe(), ' +
      `got ${describeValue(source)}`,
  );
}
