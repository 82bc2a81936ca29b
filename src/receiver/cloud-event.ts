/** CloudEvents 1.0 over HTTP, as they arrive. https://github.com/cloudevents/spec */
import { decodeBase64 } from '../core/base64.ts';
import type { Contents, EnvelopeReader } from './contents.ts';
import { membersOf, readJson } from './json-body.ts';
import { refuse, type Refusal } from './refusal.ts';
import type { RequestHeaders } from './request-headers.ts';

/** Structured mode: the whole event as JSON. */
export const readStructuredEvent: EnvelopeReader = (body) => {
  const event = membersOf(readJson(body));
  const { data, data_base64: base64, ...attributes } = event;
  const found = readAttributes(attributes);
  if (found === undefined)
    return refuse('malformed_body', 'the body is not a CloudEvent 1.0 with specversion, id, source and type');
  const { id, ...rest } = found;
  if (base64 === undefined) return { ...rest, signedId: id, data };
  const bytes = typeof base64 === 'string' && data === undefined ? decodeBase64(base64) : undefined;
  if (bytes === undefined)
    return refuse('malformed_body', 'data_base64 of the CloudEvent is not base64, or stands beside data');
  return { ...rest, signedId: id, data: bytes };
};

const PREFIX = 'ce-';

/** Binary mode: attributes as headers, which no signature covers, and the data as body. */
export const readBinaryEvent: EnvelopeReader = (body, headers) => {
  const attributes: Record<string, string> = {};
  for (const name of headers.startingWith(PREFIX)) {
    const text = headers.one(name);
    if (!text.ok) return text;
    const value = decodeHeader(text.value);
    if (value === undefined)
      return refuse('malformed_header', `the header ${name} is not percent-encoded UTF-8`);
    attributes[name.slice(PREFIX.length)] = value;
  }
  const found = readAttributes(attributes);
  if (found === undefined)
    return refuse(
      headers.has('ce-id') ? 'malformed_header' : 'missing_header',
      'the headers ce-specversion, ce-id, ce-source and ce-type are not those of a CloudEvent 1.0',
    );
  const { id, ...rest } = found;
  const data = readData(body, headers);
  return 'ok' in data ? data : { ...rest, ...data, unsignedId: id };
};

const JSON_TYPE = /^[^;]*[/+]json[ \t]*(?:;|$)/i;

function readData(body: Uint8Array<ArrayBuffer>, headers: RequestHeaders): Pick<Contents, 'data'> | Refusal {
  if (body.length === 0) return { data: undefined };
  const type = headers.one('content-type');
  if (!type.ok || !JSON_TYPE.test(type.value)) return { data: body };
  const data = readJson(body);
  return data === undefined
    ? refuse('malformed_body', 'the body is not JSON, as content-type says')
    : { data };
}

type Attributes = Required<Pick<Contents, 'type' | 'timestamp' | 'attributes'>> & { readonly id: string };

/** What every event has, and all the rest; `undefined` for what is no CloudEvent 1.0. */
function readAttributes(given: Readonly<Record<string, unknown>>): Attributes | undefined {
  const { specversion, id, type, time, ...others } = given;
  const isEvent = specversion === '1.0' && isText(id) && isText(type) && isText(others['source']);
  const timestamp = time === undefined ? undefined : isText(time) ? Date.parse(time) : NaN;
  if (!isEvent || Number.isNaN(timestamp)) return undefined;
  const scalars = Object.entries(others).filter(([, value]) => isScalar(value));
  return {
    id,
    type,
    timestamp,
    attributes: Object.fromEntries(scalars) as Record<string, string | number | boolean>,
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

function decodeHeader(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
