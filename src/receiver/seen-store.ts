/** What a store knows about an id. */
export type SeenState = 'new' | 'running' | 'done';

/**
 * Remembers which messages were handled, so that a repetition is answered and not handled again. Three calls, each of which must be
 * one atomic step of the store: the same message may reach two processes in one moment.
 *
 * An id is *running* while it is handled, and *done* afterwards. One word for both would lose messages: a repetition that is
 * answered 2xx while the first is still at work tells the sender that all is well, and then the first may fail.
 */
export interface SeenStore {
  /**
   * Takes an id that is neither running nor done, for `holdMs`, and answers `new`; otherwise changes nothing and answers what it is.
   * After `holdMs` the id is new again: the process that took it has died.
   */
  begin(id: string, holdMs: number): SeenState | Promise<SeenState>;
  /** The message was handled: the id is done, for `keepMs`. */
  finish(id: string, keepMs: number): void | Promise<void>;
  /** The message was not handled: the id is new again, so that the sender's next attempt is a first one. */
  forget(id: string): void | Promise<void>;
}
