/** What the two processes of the story tell each other. */

/** How the receiver named `name` is set up. */
export interface ReceiverPlan {
  readonly name: string;
  /** Requests it answers with 503 before it recovers. 0: healthy from the start. */
  readonly failures: number;
  /** Nobody listens at its address: connections are refused. */
  readonly isClosed: boolean;
}

/** A message that a receiver accepted: its signature held, and it was answered with a success. */
export interface AcceptedMessage {
  readonly id: string;
  readonly type: string;
}

/** What one receiver saw, by its own count. */
export interface ReceiverReport {
  readonly name: string;
  /** Requests that arrived. */
  readonly requests: number;
  /** Those of them whose signature held. */
  readonly verified: number;
  /** Every success it answered, in order; a message that arrived twice is in it twice. */
  readonly accepted: readonly AcceptedMessage[];
  /** What was wrong with the others. */
  readonly refusals: readonly string[];
}

/** What the story asks of the receivers. */
export type Question =
  | { readonly kind: 'listen'; readonly plans: readonly ReceiverPlan[] }
  | { readonly kind: 'secrets'; readonly secrets: Readonly<Record<string, string>> }
  | { readonly kind: 'report' };

/** What they answer, one to each question. */
export type Answer =
  | { readonly kind: 'listen'; readonly urls: Readonly<Record<string, string>> }
  | { readonly kind: 'secrets' }
  | { readonly kind: 'report'; readonly reports: readonly ReceiverReport[] };
