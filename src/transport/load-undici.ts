import type * as undici from 'undici';

/** The undici package, as loaded by {@link loadUndici}. */
export type Undici = typeof undici;

/**
 * Loads undici without touching the host's `fetch`.
 *
 * Whichever copy of undici is evaluated first in a process owns the dispatcher of the global `fetch`. Reading
 * `globalThis.Headers` evaluates the copy inside Node.js; without it, on Node.js 20 every `fetch` of the application
 * would run on ours. The import has to be dynamic, since a bundler hoists static ones above this line.
 */
export async function loadUndici(): Promise<Undici> {
  Reflect.get(globalThis, 'Headers');
  return import('undici');
}
