/** `endpoints.rotateSecret`: from what a caller asks for to the record that is written. */
import { z } from 'zod';
import type { Random } from './clock.ts';
import { describeType, describeValue } from './core/describe-value.ts';
import { checkSecret } from './core/endpoint-input.ts';
import { parseInput } from './core/parse-input.ts';
import { type RotatedRecord, rotateSecrets, type Rotation, type SwitchAt } from './core/rotate-secrets.ts';
import type { EndpointRecord } from './core/endpoint.ts';
import type { RecordSurroundings } from './core/endpoint-record.ts';
import { completeSecret, generateSecret } from './core/secret.ts';
import type { EndpointAdmin } from './engine/endpoint-admin.ts';
import type { EndpointCompiler } from './engine/endpoint-runtime.ts';
import { OptionsError } from './errors.ts';
import type { StoredEndpoint } from './store/store.ts';

/** Options of `endpoints.rotateSecret`. */
export interface RotateSecretOptions {
  /** The new secret, in the form that the endpoint's signature schemes need. Default: a generated one. */
  secret?: string | undefined;
  /**
   * How long the previous secrets go on signing, so that receivers can change over at a time of their own. Default
   * 86400000 (24 h); up to 365 days. 0: they stop at once. `Infinity`: they go on until they are replaced.
   */
  graceMs?: number | undefined;
  /**
   * When schemes with room for one signature (`github`, `shopify`, `hex`, `timestamped-hex`) change over: `'graceEnd'`
   * (default), when the previous secrets have ended, or `'now'`. Schemes that can carry several sign with all of them.
   */
  switchAt?: SwitchAt | undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const MAX_GRACE_DAYS = 365;

const schema = z.strictObject({
  secret: z.unknown().optional(),
  graceMs: z
    .union([
      z
        .number()
        .int()
        .min(0)
        .max(MAX_GRACE_DAYS * DAY_MS),
      z.literal(Infinity),
    ])
    .optional(),
  switchAt: z.enum(['graceEnd', 'now']).optional(),
});

/** A rotation whose secret, if there is one, is not yet compared with the schemes that will use it. */
export type RequestedRotation = Omit<Rotation, 'secret'> & { readonly secret: string | undefined };

/**
 * Checks the options of a rotation.
 *
 * @throws OptionsError that shows no secret, not even one that stands in the wrong place
 */
export function parseRotation(raw: unknown, defaultGraceMs: number): RequestedRotation {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new OptionsError(
      'options',
      `options: expected an object { secret, graceMs, switchAt }, got ${describeType(raw)}.`,
    );
  const { secret, graceMs, switchAt } = parseInput(schema, raw, '', describeNoText) as RotateSecretOptions;
  if (secret !== undefined) checkSecret(secret, 'secret');
  return { secret, graceMs: graceMs ?? defaultGraceMs, switchAt: switchAt ?? 'graceEnd' };
}

/** Every text may be a secret that was put in the wrong place. */
function describeNoText(value: unknown): string {
  return typeof value === 'string' ? describeType(value) : describeValue(value);
}

/** What a rotation works with. */
export interface RotationSurroundings extends RecordSurroundings {
  readonly admin: EndpointAdmin;
  readonly compiler: EndpointCompiler;
  readonly random: Random;
}

/**
 * Gives an endpoint a new secret. `record` is what this call wrote; `stored` may have been changed since.
 *
 * @throws OptionsError when the secret does not fit, or nothing signs
 * @throws NotFoundError
 */
export async function rotateSecret(
  id: string,
  request: RequestedRotation,
  surroundings: RotationSurroundings,
): Promise<RotatedRecord & { readonly stored: StoredEndpoint }> {
  const { admin, compiler, clock } = surroundings;
  let rotated: RotatedRecord | undefined;
  const stored = await admin.update(id, (record) => {
    const secret = newSecret(record, request.secret, surroundings);
    rotated = rotateSecrets(record, { ...request, secret }, clock.now());
    compiler.checkChange(record, rotated.record);
    return rotated.record;
  });
  return { ...rotated!, stored };
}

function newSecret(
  { id, signatures: own }: EndpointRecord,
  given: string | undefined,
  { defaults, random, derivePublicKey }: RotationSurroundings,
): string {
  const signatures = own ?? defaults.signatures;
  const secret = given ?? generateSecret(signatures, random);
  if (secret === undefined)
    throw new OptionsError(
      'signatures',
      `Cannot generate a secret for endpoint ${id}: it signs nothing (signatures: ['none']). Change its signatures first, or give the secret.`,
    );
  return completeSecret(secret, 'secret', signatures, derivePublicKey);
}
