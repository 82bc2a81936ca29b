/** Sources whose events have names: listened to name by name, or, for patterns, by their catch-all. */
import { describeValue } from '../core/describe-value.ts';
import { EVENT_TYPE_EXPECTED, isEventType } from '../core/message.ts';
import { OptionsError } from '../errors.ts';
import type { Attachment } from './attachment.ts';
import { type EventSelection, typeOf } from './event-selection.ts';
import type { NamedKind } from './source-kind.ts';

/** Names of a catch-all that are reported, so that a source with ever new ones cannot fill the memory. */
const MAX_REPORTED_NAMES = 100;

/** @throws OptionsError for a wrong selection, and for patterns where the source has no catch-all */
export function listenToNames(kind: NamedKind, source: unknown, attachment: Attachment): void {
  const selection = attachment.select();
  const take = createTake(kind, attachment);
  if (selection.patterns.length === 0) {
    for (const [name, type] of selection.names)
      attachment.begin(() => kind.listenTo(source, name, (values) => take(type, values)));
    return;
  }
  const listenToAll = kind.listenToAll?.bind(kind);
  if (listenToAll === undefined) throw noCatchAll(kind, selection);
  const takeAny = (name: unknown, values: readonly unknown[]): void => {
    // Symbols are what libraries and hosts keep to themselves.
    if (typeof name !== 'string' && typeof name !== 'number') return;
    const type = typeOf(selection, String(name));
    if (type !== undefined) take(type, values);
  };
  attachment.begin(() => listenToAll(source, takeAny));
}

/** What becomes of an event: mapped, and emitted. `type` is no event type where a pattern covers a name that is none. */
function createTake(
  kind: NamedKind,
  attachment: Attachment,
): (type: string, values: readonly unknown[]) => void {
  const { map, tenant } = attachment.options;
  const unusable = new UnusableNames(attachment.context.report);
  const make = (type: string, values: readonly unknown[]): unknown => {
    if (map !== undefined) return map(type, ...values);
    return { data: (kind.dataOf === undefined ? values[0] : kind.dataOf(values)) ?? null };
  };
  return (type, values) => {
    if (attachment.isEnded) return;
    const what = (): string => `The map function of an attached source (event ${JSON.stringify(type)})`;
    const event = attachment.read(() => make(type, values), what, { type, tenant });
    if (event === undefined) return;
    if (event.type === type && !isEventType(type)) unusable.report(type);
    else void attachment.intake.take(event);
  };
}

function noCatchAll({ title }: NamedKind, { patterns }: EventSelection): OptionsError {
  return new OptionsError(
    'events',
    `events: ${JSON.stringify(patterns[0])} is a pattern, and ${title} has no way to listen to everything. ` +
      'List the names of its events.',
  );
}

/** Tells of each name once: a source may emit it a thousand times a second. */
class UnusableNames {
  readonly #report: (error: unknown) => void;
  readonly #reported = new Set<string>();

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  report(name: string): void {
    if (this.#reported.has(name) || this.#reported.size >= MAX_REPORTED_NAMES) return;
    this.#reported.add(name);
    this.#report(
      new OptionsError(
        'events',
        `events: a pattern covers ${describeValue(name)}, which is no event type: expected ${EVENT_TYPE_EXPECTED}. ` +
          'Its events are ignored, and this is said once. Name it in the object form of events, or let map give a type.',
      ),
    );
  }
}
