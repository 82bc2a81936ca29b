/** Parsers of option values. What does not fit is refused before anything is done. */
import { InvalidArgumentError } from 'commander';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30s`, `5m`, `1.5h`, `7d`: milliseconds. */
export function durationFlag(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (found === null)
    throw new InvalidArgumentError('Expected a duration such as 500ms, 30s, 5m, 24h or 7d.');
  return Math.round(Number(found[1]) * UNIT_MS[found[2] as keyof typeof UNIT_MS]);
}

/** An ISO 8601 time, or how long ago: epoch ms. */
export function timeFlag(text: string): number {
  if (/^\d+(?:\.\d+)?(ms|s|m|h|d)$/.test(text)) return Date.now() - durationFlag(text);
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(text);
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(isDay || hasZone ? text : `${text}Z`) : NaN;
  if (Number.isNaN(at))
    throw new InvalidArgumentError(
      'Expected a time in ISO 8601, such as 2026-03-01 or 2026-03-01T12:00:00Z (UTC without a zone), or how long ago: 30m, 24h, 7d.',
    );
  return at;
}

/** A whole number of at least 1, and at most `max`. */
export function countFlag(max: number): (text: string) => number {
  return wholeFlag(1, max);
}

/** A whole number in a range. */
export function wholeFlag(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

const UNIT_BYTES = { b: 1, kb: 1024, mb: 1024 * 1024, gb: 1024 * 1024 * 1024 } as const;

/** `500kb`, `16mb`, `1048576`: bytes. */
export function sizeFlag(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(b|kb|mb|gb)?$/i.exec(text);
  if (found === null)
    throw new InvalidArgumentError('Expected a number of bytes such as 1048576, 500kb or 16mb.');
  return Math.round(
    Number(found[1]) * UNIT_BYTES[(found[2] ?? 'b').toLowerCase() as keyof typeof UNIT_BYTES],
  );
}

/** The URL of something that speaks HTTP. */
export function httpUrlFlag(text: string): string {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('Expected an http: or https: URL, such as http://localhost:3000/hooks.');
}

/** Words separated by commas; the option may be repeated. */
export function listFlag(text: string, before: readonly string[] | undefined): readonly string[] {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  if (words.length === 0) throw new InvalidArgumentError('Expected one or more, separated by commas.');
  return [...(before ?? []), ...words];
}

/** `Name: value`; the option may be repeated. */
export function headerFlag(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const colon = text.indexOf(':');
  if (colon < 1) throw new InvalidArgumentError("Expected 'Name: value'.");
  return { ...before, [text.slice(0, colon).trim()]: text.slice(colon + 1).trim() };
}

export function jsonFlag(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`Expected JSON: ${(error as Error).message}.`);
  }
}

export function jsonObjectFlag(text: string): Record<string, unknown> {
  const value = jsonFlag(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new InvalidArgumentError('Expected a JSON object.');
}

/** `100/1m`: that many in that time. */
export function rateFlag(text: string): { readonly limit: number; readonly interval_ms: number } {
  const found = /^(\d+)\/(.+)$/.exec(text);
  if (found === null) throw new InvalidArgumentError('Expected how many in which time: 100/1m, 5/1s.');
  const interval = /^\d/.test(found[2]!) ? found[2]! : `1${found[2]!}`;
  return { limit: Number(found[1]), interval_ms: durationFlag(interval) };
}
