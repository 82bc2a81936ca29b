import { describe, expect, it } from 'vitest';
import { type LostRequest, shouldResend } from '../../src/core/resend.ts';

const LOST: LostRequest = { isReset: true, wasReused: true, bytesBack: 0, elapsedMs: 0, sent: 1 };

describe('shouldResend', () => {
  it.each<[Partial<LostRequest>, number, boolean]>([
    [{}, 1_000, true],
    [{ elapsedMs: 999 }, 1_000, true],
    [{ elapsedMs: 1_000 }, 1_000, false],
    [{ isReset: false }, 1_000, false],
    [{ wasReused: false }, 1_000, false],
    [{ bytesBack: 1 }, 1_000, false],
    [{ sent: 2 }, 1_000, false],
    [{}, 0, false],
    [{ elapsedMs: 1e9 }, Infinity, true],
  ])('takes %o within %d ms for %s', (changes, withinMs, expected) => {
    expect(shouldResend({ ...LOST, ...changes }, withinMs)).toBe(expected);
  });
});
