import type { Script } from './script.ts';

/** Runs scripts on some connection. `begin` is called once for each attempt: a script cannot be run twice. */
export interface ScriptRunner {
  /** With `isTransaction` all statements of the script take effect, or, when it throws, none. */
  run<T>(isTransaction: boolean, begin: () => Script<T>): Promise<T>;
  /** Ends the connections that it made itself. Idempotent. */
  close(): Promise<void>;
}
