/**
 * What commands work through: a client of the management API. Over `--url` it speaks to the application; with a store, to an API
 * in this process, on a dispatcher that only stores. So both ways have the same commands, checks and answers.
 */
import type { WebhookDispatcher } from '../dispatcher.ts';
import type { WebhookClient } from '../http/index.ts';
import type { DispatcherOptions } from '../options.ts';
import type { Store } from '../store/store.ts';
import type { StoreTrouble } from './troubles.ts';

/** A store that the command opened itself. */
export interface LocalSession {
  readonly dispatcher: WebhookDispatcher;
  readonly store: Store;
  /** Where it is, in words. */
  readonly text: string;
  /** Of the application, as far as the configuration exports them. */
  readonly options: DispatcherOptions;
  /** The file that does. */
  readonly configuration: string | undefined;
  /** What the store has logged, for an answer that says it; a store of the configuration has a logger of its own. */
  takeStoreTroubles(): readonly StoreTrouble[];
}

export interface Session {
  readonly client: WebhookClient;
  /** Undefined over `--url`. */
  readonly local: LocalSession | undefined;
}

export interface OpenOptions {
  /** Makes the store when there is none. */
  readonly mayCreate?: boolean;
  /** Looks at the signal of the terminal itself, and tells how far it came. */
  readonly endsByItself?: boolean;
}
