/** Envelopes: how a message becomes the body of a request. The setting is checked here; the formats are data. */
import type { EnvelopeSetting } from './endpoint.ts';
import {
  type BuiltBody,
  type EnvelopeFormat,
  type EnvelopeSettings,
  ENVELOPES,
  JSON_TYPE,
} from './envelope-formats.ts';
import { expectKnownKeys, expectObject, unexpected, unexpectedWord } from './expect-value.ts';
import type { Message } from './message.ts';

export type { BuiltBody } from './envelope-formats.ts';

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
  if (format === undefined) return { name, isBuiltIn: false, contentType: JSON_TYPE, headerNames: [] };
  const settings = settingsOf(setting);
  return {
    name,
    isBuiltIn: true,
    contentType: format.contentType(settings),
    headerNames: format.headerNames(settings),
  };
}

/**
 * The body of a message; `undefined` when the setting names no built-in envelope but a registered function.
 *
 * @throws PayloadError for data that the envelope cannot send
 */
export function buildEnvelope(setting: EnvelopeSetting, message: Message): BuiltBody | undefined {
  return formatOf(nameOf(setting))?.build(message, settingsOf(setting));
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
  const setting = expectObject(value, path, 'the name of an envelope or { name, … }');
  const name = validateName(setting['name'], `${path}.name`, customNames);
  const checks = formatOf(name)?.settings ?? {};
  expectKnownKeys(setting, path, ['name', ...Object.keys(checks)]);
  for (const [member, check] of Object.entries(checks)) {
    if (setting[member] !== undefined) check(setting[member], `${path}.${member}`);
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

const NO_SETTINGS: EnvelopeSettings = {};

function settingsOf(setting: EnvelopeSetting): EnvelopeSettings {
  return typeof setting === 'string' ? NO_SETTINGS : setting;
}

function formatOf(name: string): EnvelopeFormat | undefined {
  return Object.hasOwn(ENVELOPES, name) ? ENVELOPES[name] : undefined;
}
