/** Thrown by the calls of a link that has ended. Never reaches a user: the shared store repeats the call, or says what became of it. */
export class LinkEnded extends Error {
  /** The owner cannot have made the call. */
  readonly isUnmade: boolean;

  constructor(isUnmade: boolean) {
    super('the owner of the file store has ended');
    this.isUnmade = isUnmade;
  }
}
