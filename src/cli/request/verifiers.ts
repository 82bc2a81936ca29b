import { createWebhookVerifier, type WebhookVerifier } from '../../receiver/index.ts';
import type { ReceivedRequest } from './received-request.ts';
import { atFlag, type SchemeSetting, type VerifyingKey } from './signature-flags.ts';

/** How signatures are checked. */
export interface SignatureSettings {
  readonly scheme: SchemeSetting;
  /** Any of them may have signed. At least one. */
  readonly keys: readonly VerifyingKey[];
}

export interface TimeSettings {
  /** `Infinity`: the signed time does not matter. */
  readonly toleranceSeconds: number;
  readonly now: () => number;
}

/** One for each key, to know which one it was. What the body says is not looked at. */
export function createVerifiers(
  { scheme, keys }: SignatureSettings,
  time: TimeSettings,
): readonly WebhookVerifier[] {
  return atFlag(() =>
    keys.map((key) => createWebhookVerifier({ ...key, scheme, envelope: 'bytes', ...time })),
  );
}

/** Headers that came twice are to be seen as two. */
export function toHeaders({ rawHeaders }: ReceivedRequest): {
  forEach(callback: (value: string, name: string) => void): void;
} {
  return { forEach: (callback) => rawHeaders.forEach(([name, value]) => callback(value, name)) };
}
