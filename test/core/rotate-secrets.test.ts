import { describe, expect, it } from 'vitest';
import type { EndpointRecord, Secret } from '../../src/core/endpoint.ts';
import { describeSigning, rotateSecrets, type Rotation } from '../../src/core/rotate-secrets.ts';
import { OptionsError } from '../../src/errors.ts';

const NOW = 1_000;
const secret = (value: string, rest: Partial<Secret> = {}): Secret => ({ value, createdAt: 1, ...rest });

function rotate(
  secrets: readonly Secret[],
  rotation: Partial<Rotation> = {},
): { readonly secrets: readonly Secret[]; readonly previousExpiresAt: number | undefined } {
  const record: EndpointRecord = {
    id: 'ep_1',
    tenant: 'default',
    url: 'https://example.com/',
    events: ['**'],
    secrets,
    status: 'enabled',
    createdAt: 1,
    updatedAt: 1,
    revision: 1,
  };
  const { record: next, previousExpiresAt } = rotateSecrets(
    record,
    { secret: 'new', graceMs: 500, switchAt: 'graceEnd', ...rotation },
    NOW,
  );
  expect({ ...next, secrets }).toEqual(record);
  return { secrets: next.secrets, previousExpiresAt };
}

describe('rotateSecrets', () => {
  it('puts the new one in front, on standby, and ends the old after the grace', () => {
    expect(rotate([secret('old')])).toEqual({
      secrets: [{ value: 'new', createdAt: NOW, standby: true }, secret('old', { expiresAt: 1_500 })],
      previousExpiresAt: 1_500,
    });
  });

  it('lets the new one lead at once with switchAt now', () => {
    expect(rotate([secret('old')], { switchAt: 'now' }).secrets[0]).toEqual({ value: 'new', createdAt: NOW });
  });

  it('gives an endpoint without secrets its first', () => {
    expect(rotate([])).toEqual({
      secrets: [{ value: 'new', createdAt: NOW }],
      previousExpiresAt: undefined,
    });
  });

  it('ends all others at once with a grace of 0', () => {
    expect(rotate([secret('b'), secret('a', { expiresAt: 1_200 })], { graceMs: 0 })).toEqual({
      secrets: [{ value: 'new', createdAt: NOW }],
      previousExpiresAt: NOW,
    });
  });

  it('never ends the old with a grace of Infinity', () => {
    const rotated = rotate([secret('old')], { graceMs: Infinity });
    expect(rotated.secrets[1]).toEqual(secret('old'));
    expect(rotated.previousExpiresAt).toBe(Infinity);
    expect(JSON.parse(JSON.stringify(rotated.secrets))).toEqual(rotated.secrets);
  });

  it('shortens an earlier grace, never lengthens it, and drops what has expired', () => {
    const rotated = rotate([
      secret('d'),
      secret('c', { expiresAt: 1_200 }),
      secret('b', { expiresAt: 9_000 }),
      secret('a', { expiresAt: NOW }),
    ]);
    expect(rotated.secrets.slice(1)).toEqual([
      secret('d', { expiresAt: 1_500 }),
      secret('c', { expiresAt: 1_200 }),
      secret('b', { expiresAt: 1_500 }),
    ]);
  });

  it('goes back to a secret that is still live', () => {
    const rotated = rotate([secret('b', { standby: true }), secret('a', { expiresAt: 1_200 })], {
      secret: 'a',
      switchAt: 'now',
    });
    expect(rotated.secrets).toEqual([
      { value: 'a', createdAt: NOW },
      secret('b', { standby: true, expiresAt: 1_500 }),
    ]);
  });

  it('refuses the one that is the newest already, without showing it', () => {
    const again = (): unknown => rotate([secret('hunter2')], { secret: 'hunter2' });
    expect(again).toThrow(OptionsError);
    expect(again).not.toThrow('hunter2');
  });

  it('refuses more than ten live ones, and says when there is room', () => {
    const nine = Array.from({ length: 9 }, (_, index) => secret(`s${index}`, { expiresAt: 1_400 }));
    expect(rotate(nine).secrets).toHaveLength(10);
    const eleventh = (): unknown => rotate([...nine, secret('last')]);
    expect(eleventh).toThrow(OptionsError);
    expect(eleventh).toThrow(
      /10 others are live, and there can be 10 in all.*1970-01-01T00:00:01.400Z.*graceMs: 0/,
    );
    expect(rotate([...nine, secret('last')], { graceMs: 0 }).secrets).toHaveLength(1);
    expect(rotate([secret('new2'), ...nine.slice(1), secret('s', { expiresAt: NOW })]).secrets).toHaveLength(
      10,
    );
  });
});

describe('describeSigning', () => {
  const signatures = ['standard', 'github', { scheme: 'hex', header: 'X-A' }, 'acmeFunction'];

  it.each([
    ['graceEnd', ['all', 'previous', 'previous', 'all']],
    ['now', ['all', 'new', 'new', 'all']],
  ] as const)('says what each scheme signs with, switched at %s', (switchAt, expected) => {
    const { secrets } = rotate([secret('old')], { switchAt });
    const described = describeSigning(secrets, signatures);
    expect(described.map((each) => each.with)).toEqual(expected);
    expect(described.map(({ scheme }) => scheme)).toEqual(['standard', 'github', 'hex', 'acmeFunction']);
  });

  it('is the new one alone where there is no other, and nothing where nothing signs', () => {
    expect(describeSigning([secret('new')], ['standard', 'github'])).toEqual([
      { scheme: 'standard', with: 'new' },
      { scheme: 'github', with: 'new' },
    ]);
    expect(describeSigning([secret('new')], ['none'])).toEqual([]);
  });
});
