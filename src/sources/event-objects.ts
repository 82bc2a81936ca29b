/** Sources that hand over event objects, which `map` or the event adapter reads. */
import { FunctionError } from '../errors.ts';
import type { Attachment } from './attachment.ts';
import { type EventSelection, typeOf } from './event-selection.ts';
import type { ReadEvent } from './read-event.ts';
import type { EventObserver, ObjectKind } from './source-kind.ts';

/** @throws OptionsError for a wrong selection, and for a subscription that cannot be ended */
export function listenToObjects(kind: ObjectKind, source: unknown, attachment: Attachment): void {
  const { options, context, intake } = attachment;
  const selection = options.events === undefined ? undefined : attachment.select();
  const { map, tenant } = options;
  const read = map ?? context.eventAdapter;
  const what = (): string =>
    map === undefined ? 'The option eventAdapter' : 'The map function of an attached source';
  const observer: EventObserver = {
    next(value) {
      if (attachment.isEnded) return;
      const event = select(
        attachment.read(() => read(value), what, { tenant }),
        selection,
      );
      if (event !== undefined) void intake.take(event);
    },
    error(reason) {
      if (attachment.isEnded) return;
      context.report(new FunctionError('An attached source', reason));
      attachment.complete();
    },
    complete: () => attachment.complete(),
  };
  attachment.begin(() => kind.listen(source, observer));
}

function select(event: ReadEvent | undefined, selection: EventSelection | undefined): ReadEvent | undefined {
  // What has no type at all goes on: emit says what is wrong with it.
  if (event === undefined || selection === undefined || typeof event.type !== 'string') return event;
  const type = typeOf(selection, event.type);
  if (type === undefined) return undefined;
  return type === event.type ? event : { ...event, type };
}
