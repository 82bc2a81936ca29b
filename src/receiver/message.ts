/** A message as its receiver gets it. */
export interface WebhookMessage<Type extends string = string, Data = unknown> {
  /**
   * Id of the message, the same on every attempt: what to recognise repetitions by. That which the signature covers, where
   * there is one (`standard`, or the body); else that of a header. `undefined` when the sender sends none.
   */
  readonly id: string | undefined;
  /** Event type: `job.completed`. Empty where the envelope has none (`raw`, `form`, `bytes`), and neither `identify` nor `typeHeader` says it. */
  readonly type: Type;
  /** When the event happened, epoch ms; `undefined` when the envelope does not say. */
  readonly timestamp: number | undefined;
  /** The data. Its type is what you say it is: a signature proves where it came from, not what is in it. */
  readonly data: Data;
  /** When this attempt was made, by the clock of the sender, epoch ms in whole seconds; `undefined` when the scheme signs no time. */
  readonly sentAt: number | undefined;
  /** CloudEvents only: `source`, `subject` and whatever else the event has, extensions included. Empty otherwise. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/**
 * The messages of an event map, as for `WebhookDispatcher<Events>`: a union by `type`, so that a `switch` on it knows the data.
 */
export type MessageOf<Events extends object> = {
  [Type in keyof Events & string]: WebhookMessage<Type, Events[Type]>;
}[keyof Events & string];
