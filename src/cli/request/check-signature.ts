/** Checks the signature of a request by the receiver kit, and says what to do when it does not fit. */
import type { RefusalReason } from '../../receiver/index.ts';
import { adviseOnRefusal } from './advise-on-refusal.ts';
import type { ReceivedRequest } from './received-request.ts';
import { createVerifiers, type SignatureSettings, type TimeSettings, toHeaders } from './verifiers.ts';

export type SignatureVerdict =
  | {
      readonly ok: true;
      /** Which of the keys made it, from 0. */
      readonly key: number;
      /** Epoch ms; `undefined` when the scheme signs no time. */
      readonly signedAt: number | undefined;
    }
  | {
      readonly ok: false;
      readonly reason: RefusalReason;
      readonly why: string;
      /** What to look at, for a person. */
      readonly advice: string;
    };

export type CheckSignature = (request: ReceivedRequest) => Promise<SignatureVerdict>;

/** @throws CliError when the keys do not fit the scheme */
export function createSignatureCheck(settings: SignatureSettings, time: TimeSettings): CheckSignature {
  const verifiers = createVerifiers(settings, time);
  return async (request) => {
    for (const [key, verify] of verifiers.entries()) {
      const result = await verify(request.body, toHeaders(request));
      if (result.ok) return { ok: true, key, signedAt: result.message.sentAt };
      // Whatever else is wrong is wrong for every key.
      if (result.reason === 'signature_mismatch' && key < verifiers.length - 1) continue;
      const { reason, why } = result;
      return { ok: false, reason, why, advice: await adviseOnRefusal({ reason, why }, request, settings) };
    }
    throw new Error('There is no key to check a signature with.');
  };
}
