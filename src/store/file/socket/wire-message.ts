/** What is said after the hello, in messages. */
import type { StoreChange } from '../../store.ts';
import type { StoreCall } from './store-calls.ts';
import type { WireError } from './wire-error.ts';

/** From a client to its owner. */
export type ClientMessage =
  | { readonly kind: 'call'; readonly id: number; readonly call: StoreCall; readonly params: unknown }
  /** The client ends on purpose. */
  | { readonly kind: 'goodbye' };

/** From an owner to its client. */
export type OwnerMessage =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: WireError }
  | { readonly kind: 'change'; readonly change: StoreChange }
  /** The last message: the owner has closed its store. Calls that were not answered before were never made. */
  | { readonly kind: 'closed' };
