/** From an endpoint in the file to its record. */
import type { Random } from '../../../clock.ts';
import { DISABLED_REASONS, type EndpointRecord, type Secret } from '../../../core/endpoint.ts';
import { expectInteger, unexpected, unexpectedWord } from '../../../core/expect-value.ts';
import type { FunctionRegistry } from '../../../core/functions.ts';
import { validateHeaders } from '../../../core/header-rules.ts';
import { ID_EXPECTED, isId } from '../../../core/id.ts';
import type { JsonObject } from '../../../core/json.ts';
import { DEFAULT_TENANT } from '../../../core/message.ts';
import { parseInput } from '../../../core/parse-input.ts';
import { generateSecret } from '../../../core/secret.ts';
import { withVerifiedStatus } from '../../../core/verification.ts';
import { describeError, OptionsError } from '../../../errors.ts';
import { needsSealing, unsealEndpoint } from '../../codec/endpoint-codec.ts';
import { verificationStateSchema } from '../../codec/endpoint-schema.ts';
import type { Keyring } from '../../codec/keyring.ts';
import { checkEndpointKeys } from './check-keys.ts';
import { checkEndpoint } from './check-endpoint.ts';
import { readStatus, saysEnabled } from './enabled-word.ts';
import { readInstant } from './instant-text.ts';
import { readSecrets, type TypedSecret } from './read-secrets.ts';
import { ENDPOINT_KEYS } from './stored-endpoint.ts';

/** What reading needs to know. */
export interface ReadingTools {
  /** Undefined: nothing is encrypted. */
  readonly keyring: Keyring | undefined;
  readonly functions: FunctionRegistry | undefined;
  readonly random: Random;
  /** Epoch ms. */
  readonly now: number;
}

/** An endpoint in the file, and which one it is. */
export interface EndpointPlace {
  readonly raw: JsonObject;
  /** Its path in messages: `endpoints[3]`. */
  readonly at: string;
  readonly id: string;
  /** The same endpoint as it was before. */
  readonly known: EndpointRecord | undefined;
}

/** What was read. */
export interface ReadEndpoint {
  /** Instants and revision are those in the file; where there are none, those of the known one, or those of a new one. */
  readonly record: EndpointRecord;
  /** The file has all that the record has, encrypted where it should be. */
  readonly isComplete: boolean;
  /** A secret was generated: it must get into the file. */
  readonly isGenerated: boolean;
}

const COMPLETE_KEYS = ['id', 'events', 'tenant', 'secrets', 'createdAt', 'updatedAt', 'revision'];

/**
 * Reads one endpoint and checks it.
 *
 * @throws OptionsError naming the field that is wrong
 */
export function readEndpoint(place: EndpointPlace, tools: ReadingTools): ReadEndpoint {
  const { raw, at, known } = place;
  checkEndpointKeys(raw, at);
  if (raw['hidden'] !== undefined)
    throw new OptionsError(
      `${at}.hidden`,
      `${at}.hidden: endpoints in this file are never hidden; remove it.`,
    );
  const typed = readSecrets(raw, at);
  const stored = readStored(place, typed, tools);
  const opened = openStored(stored, at, tools.keyring);
  const given = typed === undefined ? known?.secrets : dateSecrets(typed, opened.secrets, known, tools.now);
  const generated = given === undefined ? generateSecrets(opened, tools) : [];
  const unchecked = { ...opened, secrets: given ?? generated };
  const record = withVerifiedStatus({
    ...unchecked,
    secrets: checkEndpoint(unchecked, tools.functions, at),
  });
  return {
    record,
    isComplete:
      COMPLETE_KEYS.every((key) => raw[key] !== undefined) &&
      (raw['status'] !== undefined || saysEnabled(raw)) &&
      (typed ?? []).every(({ createdAt }) => createdAt !== undefined) &&
      raw['disabledReason'] === record.disabledReason &&
      raw['held'] === record.held &&
      raw['lane'] === record.lane &&
      (raw['verificationState'] === undefined) === (record.verificationState === undefined) &&
      !needsSealing(stored, tools.keyring),
    isGenerated: generated.length > 0,
  };
}

/** The record as it stands there, perhaps encrypted. What is missing is filled in; settings are checked later. */
function readStored(
  { raw, at, id, known }: EndpointPlace,
  typed: readonly TypedSecret[] | undefined,
  { now }: ReadingTools,
): EndpointRecord {
  const settings = ENDPOINT_KEYS.flatMap((key) => (raw[key] === undefined ? [] : [[key, raw[key]] as const]));
  const status = readStatus(raw, at);
  const lane = readFixed(raw, 'lane', at, known);
  // Before anything is decrypted in it: values are not looked at yet.
  if (raw['headers'] !== undefined) validateHeaderTexts(raw['headers'], `${at}.headers`);
  return {
    ...(Object.fromEntries(settings) as unknown as EndpointRecord),
    id,
    tenant: (readFixed(raw, 'tenant', at, known) ?? DEFAULT_TENANT) as string,
    events: (raw['events'] ?? ['**']) as readonly string[],
    status: status as EndpointRecord['status'],
    ...readReason(raw, at, status),
    ...readHeld(raw, at, status),
    ...readFailing(raw, at),
    ...readVerification(raw, at),
    ...(lane === undefined ? {} : { lane: lane as string }),
    secrets: (typed ?? []).map((secret) => ({ ...secret, createdAt: secret.createdAt ?? now })),
    createdAt: readTime(raw, 'createdAt', at) ?? known?.createdAt ?? now,
    updatedAt: readTime(raw, 'updatedAt', at) ?? known?.updatedAt ?? now,
    revision:
      raw['revision'] === undefined
        ? (known?.revision ?? 1)
        : expectInteger(raw['revision'], `${at}.revision`, 1, Number.MAX_SAFE_INTEGER),
  };
}

/** A member that decides who sees the endpoint, or what refers to it. */
function readFixed(
  raw: JsonObject,
  key: 'tenant' | 'lane',
  at: string,
  known: EndpointRecord | undefined,
): unknown {
  const value = raw[key];
  if (value === undefined) return known?.[key];
  if (known !== undefined && value !== known[key])
    throw new OptionsError(
      `${at}.${key}`,
      `${at}.${key} cannot be changed. Create another endpoint instead: remove its id as well.`,
    );
  if (key === 'lane' && !isId(value)) throw unexpected(`${at}.lane`, ID_EXPECTED, value);
  return value;
}

function readReason(raw: JsonObject, at: string, status: unknown): Pick<EndpointRecord, 'disabledReason'> {
  const reason = raw['disabledReason'];
  const known = DISABLED_REASONS.find((word) => word === reason);
  if (reason !== undefined && known === undefined)
    throw unexpectedWord(`${at}.disabledReason`, 'the reason why it is disabled', DISABLED_REASONS, reason);
  return status === 'disabled' ? { disabledReason: known ?? 'manual' } : {};
}

function readHeld(raw: JsonObject, at: string, status: unknown): Pick<EndpointRecord, 'held'> {
  const held = raw['held'];
  if (held !== undefined && typeof held !== 'boolean')
    throw unexpected(`${at}.held`, 'true or false, or nothing', held);
  return status === 'disabled' && held !== undefined ? { held } : {};
}

function readFailing(raw: JsonObject, at: string): Pick<EndpointRecord, 'failing'> {
  if (raw['failing'] === undefined) return {};
  if (raw['failing'] !== true) throw unexpected(`${at}.failing`, 'true, or nothing', raw['failing']);
  return { failing: true };
}

function readVerification(raw: JsonObject, at: string): Pick<EndpointRecord, 'verificationState'> {
  const state = raw['verificationState'];
  if (state === undefined) return {};
  return { verificationState: parseInput(verificationStateSchema, state, `${at}.verificationState`) };
}

function readTime(raw: JsonObject, key: 'createdAt' | 'updatedAt', at: string): number | undefined {
  return raw[key] === undefined ? undefined : readInstant(raw[key], `${at}.${key}`);
}

function validateHeaderTexts(headers: unknown, path: string): void {
  const isReadable =
    typeof headers === 'object' &&
    headers !== null &&
    !Array.isArray(headers) &&
    Object.values(headers).every((value) => typeof value === 'string');
  if (!isReadable) validateHeaders(headers, path);
}

function openStored(stored: EndpointRecord, at: string, keyring: Keyring | undefined): EndpointRecord {
  try {
    return unsealEndpoint(stored, keyring);
  } catch (cause) {
    throw new OptionsError(at, `${at}: ${describeError(cause)}`, { cause });
  }
}

/** A secret without a date has the one it had, or is new. */
function dateSecrets(
  typed: readonly TypedSecret[],
  opened: readonly Secret[],
  known: EndpointRecord | undefined,
  now: number,
): readonly Secret[] {
  return opened.map((secret, index) => {
    if (typed[index]?.createdAt !== undefined) return secret;
    const same = known?.secrets.find(({ value }) => value === secret.value);
    return { ...secret, createdAt: same?.createdAt ?? now };
  });
}

/** What `endpoints.create` does for one that comes without: it must not be unsigned by the way. */
function generateSecrets({ signatures }: EndpointRecord, { random, now }: ReadingTools): readonly Secret[] {
  // Wrong signatures are found afterwards.
  const schemes = Array.isArray(signatures) ? signatures : ['standard'];
  const isReadable = schemes.every((scheme: unknown) => typeof scheme === 'string' || isObject(scheme));
  const value = isReadable ? generateSecret(schemes, random) : undefined;
  return value === undefined ? [] : [{ value, createdAt: now }];
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
