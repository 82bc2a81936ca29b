/** What the story and the application tell each other. */
import type { RecordedDelivery } from './verdict.ts';

/** What the story orders the application to do. */
export type Order =
  | { readonly kind: 'create'; readonly urls: Readonly<Record<string, string>> }
  | { readonly kind: 'emit'; readonly type: string; readonly data: unknown }
  | { readonly kind: 'start' }
  | { readonly kind: 'record' }
  | { readonly kind: 'stop' };

/** What it answers, one to each order. */
export type Reply =
  | { readonly kind: 'create'; readonly secrets: Readonly<Record<string, string>> }
  | { readonly kind: 'emit' }
  | { readonly kind: 'start' }
  | { readonly kind: 'record'; readonly record: readonly RecordedDelivery[] }
  | { readonly kind: 'stop' };

/** What it tells unasked: the outcome of an attempt. */
export interface Told {
  readonly kind: 'told';
  readonly endpoint: string;
  readonly type: string;
  readonly what: string;
  /** The delivery is over. */
  readonly isFinal: boolean;
}
