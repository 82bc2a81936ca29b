/**
 * Schema libraries put what came into their messages ("received "4111 1111 …""), and messages end in logs. Here the values
 * of the data are taken out of them again.
 */

/** More values than this cannot be looked for in reasonable time. */
const MAX_VALUES = 5_000;
/** Longer messages are not searched: they are lists of what was given, more often than not. */
const MAX_MESSAGE_LENGTH = 5_000;
/** Shorter values are taken out only where they are what the message is about: `1` is in every other message. */
const MIN_LENGTH = 4;
const HIDDEN = '…';

/** Texts by which the values of some data may be shown; `undefined` when there are too many to look for. */
export type ShownTexts = ReadonlySet<string> | undefined;

/**
 * The message with `…` in place of the values of the data, and of `about`, what it is about. `undefined` when there is too
 * much to look for.
 */
export function hideValues(
  message: string,
  shown: ShownTexts,
  about: readonly unknown[],
): string | undefined {
  if (shown === undefined || message.length > MAX_MESSAGE_LENGTH) return undefined;
  const texts = new Set([...shown, ...about.flatMap(textsOf)].filter((text) => text !== ''));
  // Longest first, so that no part of a value is left over.
  const found = [...texts]
    .filter((text) => message.includes(text))
    .sort((left, right) => right.length - left.length);
  return found.reduce((before, text) => before.replace(wholeWord(text), HIDDEN), message);
}

/** Reads all of the data, once for all messages about it. Getters and proxies of the caller may throw. */
export function collectTexts(data: unknown): ShownTexts {
  const texts = new Set<string>();
  const waiting = [data];
  const seen = new Set<object>();
  while (waiting.length > 0) {
    if (texts.size + seen.size + waiting.length > MAX_VALUES) return undefined;
    const next = waiting.pop();
    for (const text of textsOf(next)) if (text.length >= MIN_LENGTH) texts.add(text);
    if (typeof next !== 'object' || next === null || seen.has(next) || ArrayBuffer.isView(next)) continue;
    seen.add(next);
    for (const member of membersOf(next)) waiting.push(member);
  }
  return texts;
}

function membersOf(value: object): unknown[] {
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)].flat();
  if (value instanceof Set) return [...(value as Set<unknown>)];
  return Object.values(value);
}

function textsOf(value: unknown): string[] {
  // A longer one is in no message.
  if (typeof value === 'string')
    return value.length > MAX_MESSAGE_LENGTH ? [] : [value, JSON.stringify(value).slice(1, -1)];
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return [String(value)];
  if (value instanceof Date && !Number.isNaN(value.getTime())) return [value.toISOString(), String(value)];
  return [];
}

/** A value inside a longer word is another word. */
function wholeWord(text: string): RegExp {
  const escaped = text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  const start = /^\w/.test(text) ? '(?<!\\w)' : '';
  const end = /\w$/.test(text) ? '(?!\\w)' : '';
  return new RegExp(start + escaped + end, 'g');
}
