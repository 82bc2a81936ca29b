/** From what callers give to the record of an endpoint. Pure: ids and generated secrets come in from outside. */
import { OptionsError } from '../errors.ts';
import { describeType } from './describe-value.ts';
import {
  ENDPOINT_INPUT_KEYS,
  type EndpointInput,
  type EndpointUpdate,
  validateEndpointInput,
} from './endpoint-input.ts';
import { type EndpointRecord, type ResolvedDeliverySettings, withLimits } from './endpoint.ts';
import { expectKnownKeys, unexpected } from './expect-value.ts';
import type { FunctionRegistry } from './functions.ts';
import { HIDDEN_ID_PREFIX } from './id.ts';
import { DEFAULT_TENANT } from './message.ts';
import { completeSecret, type DerivePublicKey } from './secret.ts';
import type { SignatureSetting } from './signature.ts';
import { describeUnverified, withVerifiedStatus } from './verification.ts';
import { isUnverified } from './verification-state.ts';

/** What the dispatcher adds to an input. */
export interface RecordSurroundings {
  readonly clock: { now(): number };
  readonly functions: FunctionRegistry;
  readonly defaults: ResolvedDeliverySettings;
  readonly derivePublicKey: DerivePublicKey;
}

const DEFAULT_EVENTS = ['**'] as const;
/** Members that an update cannot change: they decide who sees the endpoint, and what refers to it. */
const FIXED_KEYS: readonly string[] = ['id', 'tenant'];
/** Members that no endpoint can be without. */
const NEEDED_KEYS: readonly string[] = ['url', 'events', 'status'];

/**
 * The record of a new endpoint. The store stamps instants and revision.
 *
 * @param path name of the endpoint in messages
 * @throws OptionsError naming the field that is wrong
 */
export function createEndpointRecord(
  raw: unknown,
  { functions, defaults, clock, derivePublicKey }: RecordSurroundings,
  generate: {
    readonly id: () => string;
    readonly secrets: (signatures: readonly SignatureSetting[]) => readonly string[];
  },
  path = 'endpoint',
): EndpointRecord {
  const { secret, secrets, id, tenant, events, status, ...rest } = validateEndpointInput(
    raw,
    functions,
    path,
  );
  if (id?.startsWith(HIDDEN_ID_PREFIX) === true)
    throw new OptionsError(
      `${path}.id`,
      `${path}.id: ids that begin with ${HIDDEN_ID_PREFIX} belong to destinations that come with a message. Choose another id.`,
    );
  const signatures = rest.signatures ?? defaults.signatures;
  const given = readSecrets(
    secret === undefined && secrets === undefined
      ? { secrets: generate.secrets(signatures) }
      : { secret, secrets },
    signatures,
    path,
    derivePublicKey,
  );
  const record = dropUndefined<EndpointRecord>({
    ...withLimits(rest as EndpointRecord, defaults),
    id: id ?? generate.id(),
    tenant: tenant ?? DEFAULT_TENANT,
    events: events ?? DEFAULT_EVENTS,
    ...withVerification(rest.verification ?? defaults.verification),
    secrets: (given ?? []).map((value) => ({ value, createdAt: clock.now() })),
    status: status ?? 'enabled',
    ...(status === 'disabled' ? { disabledReason: 'manual' as const } : {}),
    createdAt: 0,
    updatedAt: 0,
    revision: 0,
  });
  return withVerifiedStatus(record);
}

/** Left out, it is as good as `false`. */
function withVerification(
  verification: EndpointRecord['verification'],
): Pick<EndpointRecord, 'verification'> {
  return verification === false ? {} : { verification };
}

/**
 * The record with changes applied: members left out stay, `null` removes a setting.
 *
 * @throws OptionsError naming the field that is wrong
 */
export function updateEndpointRecord(
  record: EndpointRecord,
  changes: EndpointUpdate,
  { functions, defaults, clock, derivePublicKey }: RecordSurroundings,
): EndpointRecord {
  const { removed, given } = readChanges(changes);
  const { secret, secrets, status, ...rest } = validateEndpointInput(
    { url: record.url, ...given },
    functions,
  );
  const { disabledReason, ...base } = omit(record, removed);
  const next = {
    ...base,
    ...(removed.has('verification') && withVerification(defaults.verification)),
    ...(dropUndefined(rest) as Partial<EndpointRecord>),
    status: status ?? record.status,
  };
  const newSecrets = readSecrets(
    { secret, secrets },
    next.signatures ?? defaults.signatures,
    'endpoint',
    derivePublicKey,
  )?.map((value) => ({ value, createdAt: clock.now() }));
  const areSecretsRemoved = removed.has('secret') || removed.has('secrets');
  const changed: EndpointRecord = {
    ...withLimits(next, defaults),
    secrets: newSecrets ?? (areSecretsRemoved ? [] : record.secrets),
    ...(next.status === 'disabled' ? { disabledReason: reasonFor(status, disabledReason) } : {}),
  };
  if (status === 'enabled') refuseUnverified(record, changed);
  return withVerifiedStatus(changed);
}

/** Disabled by hand, it stays so when it is verified. */
function reasonFor(
  given: EndpointInput['status'],
  before: EndpointRecord['disabledReason'] = 'manual',
): NonNullable<EndpointRecord['disabledReason']> {
  return given === 'disabled' && before === 'unverified' ? 'manual' : before;
}

/** Nobody may enable what has not proved itself. Where the change is what made it unverified, it is enabled once it is verified. */
function refuseUnverified(before: EndpointRecord, after: EndpointRecord): void {
  const isSame = before.url === after.url && before.verification === after.verification;
  if (!isSame || !isUnverified(after)) return;
  throw new OptionsError(
    'endpoint.status',
    `endpoint.status: endpoint ${after.id} cannot be enabled, because ${describeUnverified(before)} One that is verified can be enabled.`,
  );
}

function readChanges(changes: unknown): { readonly removed: ReadonlySet<string>; readonly given: object } {
  if (typeof changes !== 'object' || changes === null)
    throw new OptionsError(
      'changes',
      `changes: expected an object of changes, got ${describeType(changes)}.`,
    );
  // Removals are not seen by the check of the values.
  expectKnownKeys(changes, 'endpoint', ENDPOINT_INPUT_KEYS);
  const entries = Object.entries(changes).filter(([, value]) => value !== undefined);
  for (const [key, value] of entries) {
    if (FIXED_KEYS.includes(key)) {
      throw new OptionsError(
        `endpoint.${key}`,
        `endpoint.${key} cannot be changed. Create another endpoint instead.`,
      );
    }
    if (value === null && NEEDED_KEYS.includes(key))
      throw unexpected(`endpoint.${key}`, 'a value, because no endpoint can be without', value);
  }
  const removed = new Set(entries.flatMap(([key, value]) => (value === null ? [key] : [])));
  return { removed, given: Object.fromEntries(entries.filter(([key]) => !removed.has(key))) };
}

/** The secrets that were given, checked against the schemes that will use them, and completed. */
function readSecrets(
  { secret, secrets }: Pick<EndpointInput, 'secret' | 'secrets'>,
  signatures: readonly SignatureSetting[],
  path: string,
  derivePublicKey: DerivePublicKey,
): readonly string[] | undefined {
  const complete = (item: string, at: string): string =>
    completeSecret(item, at, signatures, derivePublicKey);
  if (secret !== undefined) return [complete(secret, `${path}.secret`)];
  return secrets?.map((item, index) => complete(item, `${path}.secrets[${index}]`));
}

function omit(record: EndpointRecord, keys: ReadonlySet<string>): EndpointRecord {
  const kept = Object.entries(record).filter(([key]) => key === 'secrets' || !keys.has(key));
  return Object.fromEntries(kept) as unknown as EndpointRecord;
}

function dropUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}
