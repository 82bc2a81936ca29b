/**
 * The built-in envelopes. The data is put in as the JSON text that was stored, never parsed and written anew where the
 * body is JSON, so every attempt to every endpoint sends the bytes that the application serialised.
 */
import { toBinary, validateMediaType } from './binary-body.ts';
import {
  eventHeaderNames,
  toEventHeaders,
  toStructuredEvent,
  validateSource,
  validateSubject,
} from './cloud-event.ts';
import type { EnvelopeOptions } from './endpoint.ts';
import { unexpected } from './expect-value.ts';
import { toForm, validateField } from './form-body.ts';
import { toIso } from './iso-time.ts';
import type { Message } from './message.ts';

/** What an envelope makes of a message. */
export interface BuiltBody {
  /** The body, before it is signed. Text is sent as UTF-8. */
  readonly body: string | Uint8Array;
  /** Value of the content-type header. */
  readonly contentType: string;
  /** Further headers of this envelope; their names must not be written by anything else of the request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Settings of an envelope, the name aside. Those that it does not know are refused before. */
export type EnvelopeSettings = Omit<EnvelopeOptions, 'name'>;

/** A built-in envelope. */
export interface EnvelopeFormat {
  /** Settings that it has, each with its check, which throws an OptionsError. */
  readonly settings: Readonly<
    Partial<Record<keyof EnvelopeSettings, (value: unknown, path: string) => void>>
  >;
  readonly contentType: (settings: EnvelopeSettings) => string;
  /** Names of further headers, in lower case. */
  readonly headerNames: (settings: EnvelopeSettings) => readonly string[];
  /** May throw a PayloadError for data that it cannot send. */
  readonly build: (message: Message, settings: EnvelopeSettings) => BuiltBody;
}

/** The content type of most envelopes, and the most likely one of those that are not known yet. */
export const JSON_TYPE = 'application/json';
/** In lower case, unlike the examples of CloudEvents: case means nothing here, but its JavaScript SDK compares texts. */
const CLOUD_EVENT_TYPE = 'application/cloudevents+json; charset=utf-8';
const FORM_TYPE = 'application/x-www-form-urlencoded';
const BYTES_TYPE = 'application/octet-stream';

const PLAIN_JSON = {
  settings: {},
  contentType: () => JSON_TYPE,
  headerNames: () => [],
} as const satisfies Partial<EnvelopeFormat>;

const CLOUD_EVENT_SETTINGS = { source: validateSource, subject: validateSubject } as const;

/** The built-in envelopes by name. An envelope is one entry here, and nothing anywhere else. */
export const ENVELOPES: Readonly<Record<string, EnvelopeFormat>> = {
  /** `{"id":…,"type":…,"timestamp":…,"data":…}`, as Standard Webhooks recommends; `id` only with `idInBody`. */
  standard: {
    ...PLAIN_JSON,
    settings: { idInBody: validateBoolean },
    build: ({ id, type, timestamp, dataJson }, { idInBody }) => {
      // Ids and types are checked when a message is accepted: nothing in them needs escaping.
      const start = idInBody === true ? `{"id":"${id}","type":"` : '{"type":"';
      const body = `${start}${type}","timestamp":"${toIso(timestamp)}","data":${dataJson}}`;
      return { body, contentType: JSON_TYPE };
    },
  },
  /** The data alone. */
  raw: {
    ...PLAIN_JSON,
    build: ({ dataJson }) => ({ body: dataJson, contentType: JSON_TYPE }),
  },
  /** CloudEvents, structured mode. */
  cloudevents: {
    ...PLAIN_JSON,
    settings: CLOUD_EVENT_SETTINGS,
    contentType: () => CLOUD_EVENT_TYPE,
    build: (message, settings) => ({
      body: toStructuredEvent(message, settings),
      contentType: CLOUD_EVENT_TYPE,
    }),
  },
  /** CloudEvents, binary mode. */
  'cloudevents-binary': {
    ...PLAIN_JSON,
    settings: CLOUD_EVENT_SETTINGS,
    headerNames: eventHeaderNames,
    build: (message, settings) => ({
      body: message.dataJson,
      contentType: JSON_TYPE,
      headers: toEventHeaders(message, settings),
    }),
  },
  /** The data as fields of a form. */
  form: {
    ...PLAIN_JSON,
    settings: { field: validateField },
    contentType: () => FORM_TYPE,
    build: ({ dataJson }, { field }) => ({ body: toForm(dataJson, field), contentType: FORM_TYPE }),
  },
  /** The bytes that the data stands for. The message of a test stands for none: its JSON text is sent. */
  bytes: {
    ...PLAIN_JSON,
    settings: { contentType: validateMediaType },
    contentType: ({ contentType = BYTES_TYPE }) => contentType,
    build: ({ dataJson, test }, { contentType = BYTES_TYPE }) => ({
      body: test ? dataJson : toBinary(dataJson),
      contentType,
    }),
  },
};

function validateBoolean(value: unknown, path: string): void {
  if (typeof value !== 'boolean') throw unexpected(path, 'true or false', value);
}
