import { describe, expect, it } from 'vitest';
import type { Secret } from '../../src/core/endpoint.ts';
import { resolveSignature } from '../../src/core/signature.ts';
import { Signing } from '../../src/engine/signing.ts';
import { OptionsError } from '../../src/errors.ts';

const secret = (value: string, rest: Partial<Secret> = {}): Secret => ({ value, createdAt: 1, ...rest });

function signing(signature: string, ...secrets: Secret[]): Signing {
  return new Signing([resolveSignature(signature)], secrets);
}

function signatureOf(signer: Signing, now: number): string {
  const headers: string[] = [];
  signer.at(now)!.signer.sign(Buffer.from('x'), { messageId: 'm', timestampSeconds: 1 }, headers);
  return headers.at(-1)!;
}

describe('Signing', () => {
  it('answers with the same object until a secret expires', () => {
    const rotating = signing('stripe', secret('new'), secret('old', { expiresAt: 100 }));
    const before = rotating.at(99)!;
    expect(rotating.at(0)).toBe(before);
    expect(before.secrets).toEqual(['new', 'old']);
    const after = rotating.at(100)!;
    expect(after.secrets).toEqual(['new']);
    expect(rotating.at(1e12)).toBe(after);
    const steady = signing('stripe', secret('only'));
    expect(steady.at(1)).toBe(steady.at(1e12));
  });

  it('signs with the old secret while the new one stands by, then with the new', () => {
    const alone = (value: string): string => signatureOf(signing('github', secret(value)), 0);
    const rotating = signing('github', secret('new', { standby: true }), secret('old', { expiresAt: 100 }));
    expect(signatureOf(rotating, 99)).toBe(alone('old'));
    expect(signatureOf(rotating, 100)).toBe(alone('new'));
    const endless = signing('github', secret('new', { standby: true }), secret('old'));
    expect(signatureOf(endless, 1e12)).toBe(alone('old'));
  });

  it('has nothing to sign with when all have expired, and does not fall back to no signature', () => {
    const expired = signing('github', secret('old', { expiresAt: 100 }));
    expect(expired.at(99)!.secrets).toEqual(['old']);
    expect(expired.at(100)).toBeUndefined();
  });

  it('without secrets signs nothing', () => {
    expect(signing('github').at(5)!.secrets).toEqual([]);
  });

  it('refuses secrets that do not fit when it is made, also expired ones', () => {
    expect(() => signing('standard', secret('not base64!', { expiresAt: 1 }))).toThrow(OptionsError);
  });
});
