/** What the families of sources have in common: how one is told from the others, and how it is listened to. */

/** Listening that was begun. */
export interface Listening {
  /** What the source said to it: a promise, where it is asynchronous; itself, where calls are chained. */
  readonly answer: unknown;
  /** Ends it. Called once; gives what the source says to that. */
  readonly end: () => unknown;
}

/** A family whose events have names. */
export interface NamedKind {
  readonly delivers: 'named';
  /** What it is, for error messages: `an EventTarget`. */
  readonly title: string;
  /** True for sources of this family. The families are asked in the order of `SOURCE_KINDS`. */
  matches(source: object): boolean;
  /** Listens to the events of one name. The listener gets what the source passes, and never throws. */
  listenTo(source: unknown, name: string, listener: (values: readonly unknown[]) => void): Listening;
  /** Listens to everything. Families without a catch-all lack it. */
  listenToAll?(source: unknown, listener: (name: unknown, values: readonly unknown[]) => void): Listening;
  /** The data of an event, where no `map` says it. Default: the first value. */
  dataOf?(values: readonly unknown[]): unknown;
}

/** What a source of event objects is given. None of them throws. */
export interface EventObserver {
  readonly next: (event: unknown) => void;
  /** It failed, and hands over nothing more. */
  readonly error: (error: unknown) => void;
  /** It hands over nothing more. */
  readonly complete: () => void;
}

/** A family that hands over event objects, which say themselves what they are. */
export interface ObjectKind {
  readonly delivers: 'objects';
  matches(source: object): boolean;
  listen(source: unknown, observer: EventObserver): Listening;
}

export type SourceKind = NamedKind | ObjectKind;

/** True when all of these are methods of the source. */
export function hasMethods(source: object, ...names: readonly string[]): boolean {
  return names.every((name) => typeof (source as Record<string, unknown>)[name] === 'function');
}
