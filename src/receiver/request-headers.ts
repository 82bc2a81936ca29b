/** Headers of a request, whatever the framework: names in any case, values once, in lists, or joined. */
import { describeType } from '../core/describe-value.ts';
import { OptionsError } from '../errors.ts';
import { refuse, type Refusal } from './refusal.ts';

/**
 * The headers of a request: those of node:http (`request.headers`), a web-standard `Headers`, or any plain object of names
 * and values. Case does not count.
 */
export type WebhookHeaders =
  | { forEach(callback: (value: string, name: string) => void): void }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** What was found under a name. */
export type HeaderValue = { readonly ok: true; readonly value: string } | Refusal;

/** Headers by name in lower case. */
export interface RequestHeaders {
  /** The value of a header that must be there exactly once. */
  one(name: string): HeaderValue;
  /** Whether the header is there at all. */
  has(name: string): boolean;
  /** Names that begin like this, in lower case. */
  startingWith(prefix: string): readonly string[];
}

/** @throws OptionsError for something that holds no headers: the caller's mistake, never the sender's */
export function readHeaders(headers: WebhookHeaders): RequestHeaders {
  const values = collect(headers);
  return {
    has: (name) => values.has(name.toLowerCase()),
    startingWith: (prefix) => [...values.keys()].filter((name) => name.startsWith(prefix)),
    one(name) {
      const [value, ...others] = values.get(name.toLowerCase()) ?? [];
      if (value === undefined) return refuse('missing_header', `the header ${name} is missing`);
      if (others.length > 0)
        return refuse('duplicate_header', `the header ${name} came ${others.length + 1} times`);
      return { ok: true, value };
    },
  };
}

function collect(headers: WebhookHeaders): Map<string, string[]> {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers))
    throw new OptionsError(
      'headers',
      `headers: expected the headers of the request, as Headers or as an object of names and values, got ${describeType(headers)}.`,
    );
  const values = new Map<string, string[]>();
  const add = (value: unknown, name: string): void => {
    if (typeof value !== 'string') return;
    const key = name.toLowerCase();
    const known = values.get(key);
    if (known === undefined) values.set(key, [value]);
    else known.push(value);
  };
  const { forEach } = headers as { forEach?: unknown };
  if (typeof forEach === 'function') forEach.call(headers, add);
  else
    for (const [name, value] of Object.entries(headers))
      for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) add(item, name);
  return values;
}
