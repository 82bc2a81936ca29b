/** A new secret for an endpoint, beside those that it has. Pure: what is generated comes in from outside. */
import { OptionsError } from '../errors.ts';
import type { EndpointRecord, Secret } from './endpoint.ts';
import { MAX_SECRETS } from './endpoint-input.ts';
import { leadingIndex, liveSecrets, nextExpiry } from './live-secrets.ts';
import { resolveSignature, type SignatureSetting } from './signature.ts';

/** When schemes with room for one signature change over: as soon as the old secret has ended, or at once. */
export type SwitchAt = 'graceEnd' | 'now';

export interface Rotation {
  /** Checked, and complete. */
  readonly secret: string;
  readonly graceMs: number;
  readonly switchAt: SwitchAt;
}

/** What came of a rotation. */
export interface RotatedRecord {
  readonly record: EndpointRecord;
  /** When the last of the previous secrets ends, epoch ms; `Infinity`: never; undefined: there was none. */
  readonly previousExpiresAt: number | undefined;
}

/** What one signature scheme of an endpoint signs with after a rotation, until the grace period ends. */
export interface SchemeSecrets {
  /** Name of the scheme, or of the function. */
  readonly scheme: string;
  /** `all`: the request carries a signature of each live secret, or the function is given all of them. */
  readonly with: 'all' | 'previous' | 'new';
}

/**
 * The record with a new secret in front. The previous ones end after the grace period, or earlier if they were about to.
 *
 * @throws OptionsError when the secret is the newest already, or when there would be more than 10 live ones
 */
export function rotateSecrets(record: EndpointRecord, rotation: Rotation, now: number): RotatedRecord {
  const { secret, graceMs, switchAt } = rotation;
  const live = liveSecrets(record.secrets, now);
  if (live[0]?.value === secret)
    throw new OptionsError(
      'secret',
      'secret: expected a new secret, got the one that is the newest already.',
    );
  const endsAt = now + graceMs;
  // Going back to a secret that is still live takes it out of those that end.
  const previous = live
    .filter(({ value }) => value !== secret)
    .map((old) => limit(old, endsAt))
    .filter(({ expiresAt = Infinity }) => now < expiresAt);
  if (previous.length >= MAX_SECRETS) throw tooMany(record.id, previous);
  // One that leads already goes on leading: nothing has been signed with the others alone.
  const isLeading = live[leadingIndex(live)]?.value === secret;
  const isStandby = switchAt === 'graceEnd' && previous.length > 0 && !isLeading;
  const added: Secret = { value: secret, createdAt: now, ...(isStandby ? { standby: true } : {}) };
  const ends = previous.map(({ expiresAt = Infinity }) => expiresAt);
  return {
    record: { ...record, secrets: [added, ...previous] },
    previousExpiresAt: live.length === 0 ? undefined : Math.max(now, ...ends),
  };
}

/** What each scheme signs with, by secrets that were just rotated. */
export function describeSigning(
  secrets: readonly Secret[],
  signatures: readonly SignatureSetting[],
): readonly SchemeSecrets[] {
  const single = leadingIndex(secrets) === 0 ? 'new' : 'previous';
  return signatures.flatMap((setting) => {
    const signature = resolveSignature(setting);
    if (signature.kind === 'none') return [];
    const usesAll = signature.kind === 'custom' || signature.isMultiValue;
    return [{ scheme: signature.name, with: secrets.length === 1 ? 'new' : usesAll ? 'all' : single }];
  });
}

function limit(secret: Secret, endsAt: number): Secret {
  const expiresAt = Math.min(secret.expiresAt ?? Infinity, endsAt);
  return expiresAt === Infinity ? secret : { ...secret, expiresAt };
}

function tooMany(endpointId: string, live: readonly Secret[]): OptionsError {
  const next = nextExpiry(live);
  const wait = next === Infinity ? '' : `wait until the next expires (${new Date(next).toISOString()}), or `;
  return new OptionsError(
    'secret',
    `Cannot rotate the secret of endpoint ${endpointId}: ${live.length} others are live, and there can be ${MAX_SECRETS} in all. ` +
      `To go on, ${wait}rotate with graceMs: 0, which ends all others at once.`,
  );
}
