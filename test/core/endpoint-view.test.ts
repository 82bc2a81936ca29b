import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { EndpointRecord } from '../../src/core/endpoint.ts';
import { toEndpointView } from '../../src/core/endpoint-view.ts';

function record(...secrets: string[]): EndpointRecord {
  return {
    id: 'ep_1',
    tenant: 'default',
    url: 'https://example.com/hooks',
    events: ['**'],
    name: 'Example',
    secrets: secrets.map((value) => ({ value, createdAt: 1 })),
    status: 'enabled',
    createdAt: 1,
    updatedAt: 2,
    revision: 3,
  };
}

const KEY_PAIR =
  'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const PUBLIC_KEY = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';

describe('toEndpointView', () => {
  it('has everything but the text of the secrets', () => {
    expect(toEndpointView(record(), ['standard'])).toEqual(record());
    const expiring = { value: 'sixteen bytes...', createdAt: 1, expiresAt: 9 };
    const view = toEndpointView({ ...record(), secrets: [expiring] }, ['hex']);
    expect(view.secrets).toEqual([{ hint: 's...', createdAt: 1, expiresAt: 9, publicKey: undefined }]);
  });

  it('leaves credentials of auth and tls out', () => {
    const auth = { type: 'basic', username: 'robot', password: 'hunter2' } as const;
    const tls = { cert: 'PEM', key: 'PEM of key', passphrase: 'hunter3', serverName: 'a' };
    const view = toEndpointView({ ...record(), auth, tls }, ['standard']);
    expect(view.auth).toEqual({ type: 'basic', username: 'robot' });
    expect(view.tls).toEqual({ cert: 'PEM', serverName: 'a' });
    expect(JSON.stringify(view)).not.toMatch(/hunter|PEM of key/);
    expect(toEndpointView({ ...record(), auth: false, tls: false }, [])).toMatchObject({
      auth: false,
      tls: false,
    });
  });

  it('hints at secrets by their last four characters', () => {
    const hintsOf = (...secrets: string[]): string[] =>
      toEndpointView(record(...secrets), ['standard']).secrets.map(({ hint }) => hint);
    expect(hintsOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')).toEqual(['LaSw']);
    expect(hintsOf('twelve chars', 'not so long', '🔑'.repeat(12))).toEqual(['hars', '', '🔑🔑🔑🔑']);
  });

  it('shows the public key where ed25519 signs, and nowhere else', () => {
    const keyOf = (own: string[] | undefined, defaults: string[]): string | undefined =>
      toEndpointView({ ...record(KEY_PAIR), ...(own === undefined ? {} : { signatures: own }) }, defaults)
        .secrets[0]!.publicKey;
    expect(keyOf(['standard-ed25519'], ['standard'])).toBe(PUBLIC_KEY);
    expect(keyOf(undefined, ['standard-ed25519', 'github'])).toBe(PUBLIC_KEY);
    // The same text under another scheme is a shared secret, all of it.
    expect(keyOf(['github'], ['standard-ed25519'])).toBeUndefined();
  });

  it('shows no secret when printed or sent as JSON', () => {
    const view = toEndpointView(record('correct horse battery staple'), ['hex']);
    for (const text of [inspect(view, { depth: Infinity, showHidden: true }), JSON.stringify(view)]) {
      expect(text).not.toContain('correct horse');
      expect(text).not.toContain('battery');
    }
  });
});
