/** Which secrets sign an attempt: those that are live when it is made. Worked out anew only when one has expired. */
import type { Secret } from '../core/endpoint.ts';
import { leadingIndex, liveSecrets, nextExpiry } from '../core/live-secrets.ts';
import type { ResolvedSignature } from '../core/signature.ts';
import { createSigner, type Signer } from './sign.ts';

/** What attempts sign with for a while. */
export interface SecretsInUse {
  readonly signer: Signer;
  /** For named functions, the newest first. */
  readonly secrets: readonly string[];
}

/** The signatures of one endpoint. */
export class Signing {
  readonly #signatures: readonly ResolvedSignature[];
  readonly #secrets: readonly Secret[];
  #inUse: SecretsInUse | undefined;
  #until: number;

  /** @throws OptionsError when a secret does not fit a scheme; the message does not show it */
  constructor(signatures: readonly ResolvedSignature[], secrets: readonly Secret[]) {
    this.#signatures = signatures;
    this.#secrets = secrets;
    this.#inUse = this.#use(secrets);
    this.#until = nextExpiry(secrets) === Infinity ? Infinity : -Infinity;
  }

  /** What signs at a time; `undefined` when there are secrets, but none is live. */
  at(now: number): SecretsInUse | undefined {
    if (now >= this.#until) {
      const live = liveSecrets(this.#secrets, now);
      this.#inUse = live.length === 0 ? undefined : this.#use(live);
      this.#until = nextExpiry(live);
    }
    return this.#inUse;
  }

  #use(live: readonly Secret[]): SecretsInUse {
    const secrets = live.map(({ value }) => value);
    return { signer: createSigner(this.#signatures, secrets, leadingIndex(live)), secrets };
  }
}
