import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { planTls, withoutServerName } from '../../src/engine/plan-tls.ts';
import { OptionsError } from '../../src/errors.ts';
import { certificate } from '../transport/certificate.ts';

const { cert, key, expiredCert } = certificate;
const locked = createPrivateKey(key)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hunter2' })
  .toString();
const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

describe('planTls', () => {
  it('accepts what belongs together', () => {
    expect(planTls(false, 'tls')).toBeUndefined();
    for (const tls of [
      {},
      { cert, key },
      { cert: `${cert}\n${expiredCert}`, key },
      { cert, key: locked, passphrase: 'hunter2' },
      { ca: `${expiredCert}\n${cert}` },
    ])
      expect(planTls(tls, 'tls')).toMatchObject(tls);
  });

  it.each<[string, object, string]>([
    ['a certificate that cannot be read', { cert: damaged, key }, 'tls.cert'],
    ['an authority that cannot be read', { ca: damaged }, 'tls.ca'],
    ['a key that cannot be read', { cert, key: key.replace(/A/g, '') }, 'tls.key'],
    ['a certificate in place of the key', { cert, key: cert }, 'tls.key'],
    ['the key of another certificate', { cert, key: otherKey }, 'tls.key'],
    ['a locked key without passphrase', { cert, key: locked }, 'tls.passphrase'],
    ['a locked key with another passphrase', { cert, key: locked, passphrase: 'hunter3' }, 'tls.passphrase'],
    ['a chain whose end cannot be read', { cert: `${cert}\n${damaged}`, key }, 'tls'],
  ])('refuses %s, without showing it', (_what, tls, path) => {
    let error: unknown;
    try {
      planTls(tls, 'tls');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(OptionsError);
    expect(error).toMatchObject({ path });
    expect((error as OptionsError).message).not.toMatch(/hunter|BEGIN/);
    expect((error as OptionsError).cause).toBeUndefined();
  });

  it('gives the same id to the same settings, and to no others', () => {
    const idOf = (tls: object): string => planTls(tls, 'tls')!.id;
    expect(idOf({ cert, key })).toBe(idOf({ key, cert }));
    const different = [{}, { cert, key }, { ca: cert }, { ca: expiredCert }, { ca: cert, serverName: 'a' }];
    expect(new Set(different.map(idOf)).size).toBe(different.length);
  });
});

describe('withoutServerName', () => {
  it('keeps the rest, under another id', () => {
    const tls = planTls({ ca: cert, serverName: 'a' }, 'tls')!;
    const { serverName: _gone, id, ...rest } = tls;
    expect(withoutServerName(tls)).toEqual({
      ...rest,
      id: expect.not.stringMatching(new RegExp(`^${id}$`)) as string,
    });
    const plain = planTls({ ca: cert }, 'tls')!;
    expect(withoutServerName(plain)).toBe(plain);
    expect(withoutServerName(undefined)).toBeUndefined();
  });
});
