/**
 * Envelopes: how a message becomes the body of a request. The data is put in as the JSON text that was stored, never
 * parsed and written anew, so every attempt to every endpoint sends the bytes that the application serialised.
 */
import type { EnvelopeSetting } from './endpoint.ts';
import { expectKnownKeys, expectObject, unexpected, unexpectedWord } from './expect-value.ts';
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

/** Settings of the built-in envelopes, with their defaults filled in. */
interface EnvelopeOptions {
  readonly idInBody: boolean;
}

interface EnvelopeFormat {
  /** Settings that may be changed. */
  readonly configurable: readonly (keyof EnvelopeOptions)[];
  readonly contentType: string;
  /** Names of further headers, in lower case. */
  readonly headerNames: readonly string[];
  readonly build: (message: Message, options: EnvelopeOptions) => BuiltBody;
}

const JSON_TYPE = 'application/json';

let lastTimestamp = NaN;
let lastIso = '';

/** Messages of one millisecond share their text: making it costs as much as the rest of the envelope. */
function toIso(timestamp: number): string {
  if (timestamp !== lastTimestamp) {
    lastIso = new Date(timestamp).toISOString();
    lastTimestamp = timestamp;
  }
  return lastIso;
}

/** The built-in envelopes by name. An envelope is one entry here, and nothing anywhere else. */
const ENVELOPES: Readonly<Record<string, EnvelopeFormat>> = {
  /** `{"id":…,"type":…,"timestamp":…,"data":…}`, as Standard Webhooks recommends; `id` only with `idInBody`. */
  standard: {
    configurable: ['idInBody'],
    contentType: JSON_TYPE,
    headerNames: [],
    build: ({ id, type, timestamp, dataJson }, { idInBody }) => {
      // Ids and types are checked when a message is accepted: nothing in them needs escaping.
      const start = idInBody ? `{"id":"${id}","type":"` : '{"type":"';
      const body = `${start}${type}","timestamp":"${toIso(timestamp)}","data":${dataJson}}`;
      return { body, contentType: JSON_TYPE };
    },
  },
  /** The data alone. */
  raw: {
    configurable: [],
    contentType: JSON_TYPE,
    headerNames: [],
    build: ({ dataJson }) => ({ body: dataJson, contentType: JSON_TYPE }),
  },
};

/** Names of the built-in envelopes. */
export const ENVELOPE_NAMES: readonly string[] = Object.keys(ENVELOPES);

/** What is known of an envelope before it is built. */
export interface EnvelopeInfo {
  readonly name: string;
  readonly isBuiltIn: boolean;
  /** The content type; of a named function, which decides at run time, the most likely one: `application/json`. */
  readonly contentType: string;
  /** Names of its further headers, in lower case; those of a named function are not known before it runs. */
  readonly headerNames: readonly string[];
}

/** What is known of the envelope that a checked setting names. */
export function describeEnvelope(setting: EnvelopeSetting): EnvelopeInfo {
  const name = nameOf(setting);
  const format = formatOf(name);
  const { contentType = JSON_TYPE, headerNames = [] } = format ?? {};
  return { name, isBuiltIn: format !== undefined, contentType, headerNames };
}

/** The body of a message; `undefined` when the setting names no built-in envelope but a registered function. */
export function buildEnvelope(setting: EnvelopeSetting, message: Message): BuiltBody | undefined {
  const idInBody = typeof setting === 'object' && setting.idInBody === true;
  return formatOf(nameOf(setting))?.build(message, { idInBody });
}

const encoder = new TextEncoder();

/** The bytes of a body: those that are signed and sent. */
export function toBytes(body: string | Uint8Array): Uint8Array {
  return typeof body === 'string' ? encoder.encode(body) : body;
}

/**
 * Checks the setting `envelope`.
 *
 * @param customNames names registered under `functions.envelope`; left out, every name passes
 * @throws OptionsError
 */
export function validateEnvelope(
  value: unknown,
  path: string,
  customNames?: ReadonlySet<string>,
): EnvelopeSetting {
  if (typeof value === 'string') {
    validateName(value, path, customNames);
    return value;
  }
  const setting = expectObject(value, path, 'the name of an envelope or { name, idInBody }');
  const name = validateName(setting['name'], `${path}.name`, customNames);
  expectKnownKeys(setting, path, ['name', ...(formatOf(name)?.configurable ?? [])]);
  const { idInBody } = setting;
  if (idInBody !== undefined && typeof idInBody !== 'boolean') {
    throw unexpected(`${path}.idInBody`, 'true or false', idInBody);
  }
  return value as EnvelopeSetting;
}

function validateName(name: unknown, path: string, customNames: ReadonlySet<string> | undefined): string {
  const what = 'the name of an envelope, or of a function registered under functions.envelope';
  if (typeof name !== 'string' || name === '') throw unexpected(path, what, name);
  if (formatOf(name) !== undefined || customNames === undefined || customNames.has(name)) return name;
  throw unexpectedWord(path, what, [...ENVELOPE_NAMES, ...customNames], name);
}

function nameOf(setting: EnvelopeSetting): string {
  return typeof setting === 'string' ? setting : setting.name;
}

function formatOf(name: string): EnvelopeFormat | undefined {
  return Object.hasOwn(ENVELOPES, name) ? ENVELOPES[name] : undefined;
}
