/**
 * CloudEvents 1.0 over HTTP: the whole event as JSON (structured mode), or its attributes as headers and the data as
 * body (binary mode). https://github.com/cloudevents/spec
 */
import { OptionsError } from '../errors.ts';
import { describeType } from './describe-value.ts';
import { unexpected } from './expect-value.ts';
import { toIso } from './iso-time.ts';
import type { Message } from './message.ts';

/** Settings of both CloudEvents envelopes. */
export interface CloudEventSettings {
  readonly source?: string;
  readonly subject?: string;
}

const DATA_TYPE = 'application/json';
/** Length of `2025-01-15T10:30:00.000Z`; years that need more digits are beyond RFC 3339, and `time` is left out. */
const ISO_LENGTH = 24;

/** The event as JSON, with the data as it was serialised. */
export function toStructuredEvent(message: Message, { source, subject }: CloudEventSettings): string {
  const { id, type, tenant, timestamp, dataJson } = message;
  const time = toIso(timestamp);
  // Ids, types and sources are checked when they are accepted: nothing in them needs escaping.
  const start = `{"specversion":"1.0","id":"${id}","source":"${source ?? defaultSource(tenant)}","type":"${type}"`;
  const about = subject === undefined ? '' : `,"subject":${JSON.stringify(subject)}`;
  const when = time.length === ISO_LENGTH ? `,"time":"${time}"` : '';
  return `${start}${about}${when},"datacontenttype":"${DATA_TYPE}","data":${dataJson}}`;
}

/** The attributes of the event as headers. */
export function toEventHeaders(
  { id, type, tenant, timestamp }: Message,
  { source, subject }: CloudEventSettings,
): Record<string, string> {
  const headers: Record<string, string> = {
    'ce-specversion': '1.0',
    'ce-id': id,
    'ce-source': encodeHeader(source ?? defaultSource(tenant)),
    'ce-type': type,
  };
  const time = toIso(timestamp);
  if (time.length === ISO_LENGTH) headers['ce-time'] = time;
  if (subject !== undefined) headers['ce-subject'] = encodeHeader(subject);
  return headers;
}

/** Names of the headers that {@link toEventHeaders} writes. `ce-subject` is free for others where there is no subject. */
export function eventHeaderNames({ subject }: CloudEventSettings): readonly string[] {
  return subject === undefined ? REQUIRED_HEADERS : [...REQUIRED_HEADERS, 'ce-subject'];
}

const REQUIRED_HEADERS = ['ce-specversion', 'ce-id', 'ce-source', 'ce-type', 'ce-time'] as const;

function defaultSource(tenant: string): string {
  return `/${encodeURIComponent(tenant)}`;
}

/** Percent-encoding of header values: space, `"`, `%`, and whatever is not printable ASCII. */
function encodeHeader(value: string): string {
  return value.replace(/[^\x21-\x7e]|["%]/gu, encodeURIComponent);
}

const MAX_SOURCE_LENGTH = 1024;
const MAX_SUBJECT_LENGTH = 1024;

/** RFC 3986: a scheme with what follows, or a relative reference, whose first segment has no colon. */
const URI_REFERENCE =
  /^(?:[a-z][a-z0-9+.-]*:|(?![^/?#]*:))(?:\/\/(?:[\w\-.~!$&'()*+,;=:@[\]]|%[0-9a-f]{2})*(?=[/?#]|$))?(?:[\w\-.~!$&'()*+,;=:@/]|%[0-9a-f]{2})*(?:\?(?:[\w\-.~!$&'()*+,;=:@/?]|%[0-9a-f]{2})*)?(?:#(?:[\w\-.~!$&'()*+,;=:@/?]|%[0-9a-f]{2})*)?$/i;

/** @throws OptionsError */
export function validateSource(value: unknown, path: string): void {
  const isReference =
    typeof value === 'string' &&
    value !== '' &&
    value.length <= MAX_SOURCE_LENGTH &&
    URI_REFERENCE.test(value);
  if (!isReference)
    throw unexpected(
      path,
      `a URI-reference such as '/orders' or 'https://example.com/orders', percent-encoded, of at most ${MAX_SOURCE_LENGTH} characters`,
      value,
    );
}

/** Control characters and halves of surrogate pairs have no place in CloudEvents strings. */
const FORBIDDEN_IN_SUBJECT = /[\p{Cc}\p{Surrogate}]/u;

/** @throws OptionsError */
export function validateSubject(value: unknown, path: string): void {
  const isText =
    typeof value === 'string' &&
    value !== '' &&
    value.length <= MAX_SUBJECT_LENGTH &&
    !FORBIDDEN_IN_SUBJECT.test(value);
  if (isText) return;
  throw new OptionsError(
    path,
    `${path}: expected a text of 1 to ${MAX_SUBJECT_LENGTH} characters, none of them a control character, got ${
      typeof value === 'string' ? `${value.length} characters` : describeType(value)
    }.`,
  );
}
