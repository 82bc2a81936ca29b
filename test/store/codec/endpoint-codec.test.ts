import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndpointRecord } from '../../../src/core/endpoint.ts';
import { StoreError } from '../../../src/errors.ts';
import {
  checkEndpoint,
  decodeEndpoint,
  encodeEndpoint,
  keyIdsOf,
  needsSealing,
  openEndpoint,
  requireKeys,
  sealEndpoint,
} from '../../../src/store/codec/endpoint-codec.ts';
import { createKeyring } from '../../../src/store/codec/keyring.ts';
import { isEncrypted } from '../../../src/store/codec/sealed-text.ts';
import { errorOf } from './error-of.ts';

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);
const oldKeyring = createKeyring({ current: 'old', keys: { old: OLD } });
const bothKeyring = createKeyring({ current: 'new', keys: { old: OLD, new: NEW } });
const newKeyring = createKeyring({ current: 'new', keys: { new: NEW } });

const MINIMAL: EndpointRecord = {
  id: 'ep_1',
  tenant: 'default',
  url: 'https://example.com/hooks',
  events: ['**'],
  secrets: [],
  status: 'enabled',
  createdAt: 1,
  updatedAt: 2,
  revision: 3,
};

const FULL: EndpointRecord = {
  ...MINIMAL,
  envelope: { name: 'cloudevents', source: '/orders', subject: 'x' },
  signatures: ['standard', { scheme: 'hex', header: 'X-Sig', prefix: 'sha256=' }],
  headers: { 'X-Source': 'orders', Authorization: 'Bearer of-bad-news', 'X-Api-Key': 'open-sesame' },
  computedHeaders: { 'X-Event': 'message.type' },
  auth: {
    type: 'oauth2',
    tokenUrl: 'https://id.example/token',
    clientId: 'posthorn',
    clientSecret: 'client-secret-one',
    scope: 'hooks',
    clientAuth: 'body',
  },
  tls: {
    cert: 'PEM of cert',
    key: 'PEM of key',
    passphrase: 'pass-phrase-one',
    ca: 'PEM of ca',
    serverName: 'a',
  },
  retry: { kind: 'exponential', maxAttempts: 3, initialDelayMs: 10 },
  success: ['2xx', 301],
  retryOn: ['5xx', 429, 'timeout', 'network', '*'],
  shouldRetry: 'ask',
  onGone: 'retry',
  retryAfter: { maxMs: 1000, blockOn: [429] },
  timeoutMs: 1000,
  concurrency: 2,
  rateLimit: { limit: 5, intervalMs: 1000 },
  ordering: 'key',
  filter: { 'data.total': { $gt: 5 }, $or: [{ type: 'a' }, { type: 'b' }] },
  name: 'Orders',
  description: 'For the shop',
  metadata: { team: 'a', nested: { list: [1, null, true] } },
  secrets: [
    { value: 'whsec_new-one', createdAt: 5, standby: true },
    { value: 'whsec_old-one', createdAt: 4, expiresAt: 9 },
  ],
  status: 'disabled',
  disabledReason: 'gone',
  lane: 'shared',
  hidden: true,
};
const CREDENTIALS = [
  'Bearer of-bad-news',
  'open-sesame',
  'whsec_new-one',
  'whsec_old-one',
  'client-secret-one',
  'PEM of key',
  'pass-phrase-one',
];

/** Through JSON, as a store does. */
const stored = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('sealEndpoint', () => {
  it('encrypts secrets and sensitive headers, nothing else', () => {
    const sealed = sealEndpoint(FULL, oldKeyring);
    const text = JSON.stringify(sealed);
    for (const credential of CREDENTIALS) expect(text).not.toContain(credential);
    expect({
      ...sealed,
      secrets: sealed.secrets.map((secret, index) => ({ ...secret, value: FULL.secrets[index]!.value })),
      headers: {
        ...sealed.headers,
        Authorization: FULL.headers!['Authorization'],
        'X-Api-Key': FULL.headers!['X-Api-Key'],
      },
      auth: { ...sealed.auth, clientSecret: 'client-secret-one' },
      tls: { ...sealed.tls, key: 'PEM of key', passphrase: 'pass-phrase-one' },
    }).toEqual(FULL);
    expect(sealed.headers!['X-Source']).toBe('orders');
  });

  it('leaves the record that it was given as it is', () => {
    const before = structuredClone(FULL);
    sealEndpoint(FULL, oldKeyring);
    expect(FULL).toEqual(before);
  });

  it('leaves everything as it is without a keyring', () => {
    expect(sealEndpoint(FULL, undefined)).toEqual(FULL);
  });

  it('adds no members', () => {
    expect(Object.keys(sealEndpoint(MINIMAL, oldKeyring))).toEqual(Object.keys(MINIMAL));
  });
});

describe('openEndpoint', () => {
  it.each([
    ['without a keyring', undefined],
    ['with a keyring', bothKeyring],
  ])('brings back what was sealed %s', (_, keyring) => {
    for (const record of [MINIMAL, FULL]) {
      expect(openEndpoint(stored(sealEndpoint(record, keyring)), keyring)).toEqual(record);
      expect(decodeEndpoint(encodeEndpoint(record, keyring), keyring, 'ep_1')).toEqual(record);
    }
  });

  it('brings back any text of secrets, headers and metadata', () => {
    const anyText = fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    });
    /** What looks like a stored form of its own. */
    const trap = fc
      .tuple(
        fc.constantFrom('enc:', 'enc:v1:', 'enc:v1:old:', 'enc:v9:', 'enc:plain:', 'enc:plain:enc:v1:'),
        anyText,
      )
      .map((parts) => parts.join(''));
    const value = fc.oneof(anyText, trap);
    const headerName = fc.oneof(fc.constantFrom('X-Key', 'X-Other', '__proto__', 'constructor'), anyText);
    fc.assert(
      fc.property(
        fc.array(value),
        fc.dictionary(headerName, value),
        fc.dictionary(anyText, value),
        fc.constantFrom(undefined, oldKeyring, bothKeyring),
        (secrets, headers, metadata, keyring) => {
          const record = stored({
            ...MINIMAL,
            secrets: secrets.map((text, createdAt) => ({ value: text, createdAt })),
            headers,
            metadata,
          }) as EndpointRecord;
          const text = encodeEndpoint(record, keyring);
          expect(text).not.toContain('\0');
          expect(text).not.toMatch(/\p{Surrogate}/u);
          expect(decodeEndpoint(text, keyring, 'ep_1')).toEqual(record);
        },
      ),
    );
  });

  it('takes a secret that looks encrypted for what it is', () => {
    const record = { ...MINIMAL, secrets: [{ value: 'enc:v1:nobody:AAAA', createdAt: 1 }] };
    const sealed = sealEndpoint(record, undefined);
    expect(keyIdsOf(sealed)).toEqual([]);
    requireKeys(sealed, undefined);
    expect(openEndpoint(sealed, undefined)).toEqual(record);
    expect(openEndpoint(sealed, newKeyring)).toEqual(record);
  });

  it('keeps members that it does not know', () => {
    const odd = { ...FULL, note: 'by hand', secrets: [{ ...FULL.secrets[0]!, owner: 'me' }] };
    const sealed = sealEndpoint(odd, oldKeyring);
    expect(openEndpoint(stored(sealed), oldKeyring)).toEqual(odd);
  });

  it('takes plain values with a keyring', () => {
    expect(openEndpoint(stored(FULL), newKeyring)).toEqual(FULL);
  });

  it('decrypts what an older key encrypted', () => {
    expect(openEndpoint(sealEndpoint(FULL, oldKeyring), bothKeyring)).toEqual(FULL);
  });

  it('decrypts secrets in any order, and headers under a name in other letters', () => {
    const { headers, ...sealed } = sealEndpoint(FULL, oldKeyring);
    const edited = {
      ...sealed,
      secrets: sealed.secrets.toReversed(),
      headers: Object.fromEntries(
        Object.entries(headers!).map(([name, value]) => [name.toUpperCase(), value]),
      ),
    };
    const opened = openEndpoint(edited, oldKeyring);
    expect(opened.secrets).toEqual(FULL.secrets.toReversed());
    expect(opened.headers!['AUTHORIZATION']).toBe('Bearer of-bad-news');
  });

  it('fails for a value of another endpoint, naming endpoint and column', () => {
    const { secrets } = sealEndpoint({ ...FULL, id: 'ep_2' }, oldKeyring);
    const error = errorOf(() => openEndpoint({ ...MINIMAL, secrets }, oldKeyring));
    expect(error).toBeInstanceOf(StoreError);
    expect(error.code).toBe('decrypt_failed');
    expect(error.message).toMatch(/^Cannot decrypt secrets of endpoint "ep_1": it was changed, or copied/);
  });

  it('fails for a value of another column', () => {
    const { headers, secrets } = sealEndpoint(FULL, oldKeyring);
    const moved: [string, object][] = [
      ['secrets', { secrets: [{ value: headers!['Authorization']!, createdAt: 1 }] }],
      ['headers.x-api-key', { headers: { 'X-Api-Key': headers!['Authorization']! } }],
      ['headers.x-token', { headers: { 'X-Token': headers!['X-Api-Key']! } }],
      ['headers.x-plain', { headers: { 'X-Plain': secrets[0]!.value } }],
    ];
    for (const [column, members] of moved) {
      const error = errorOf(() => openEndpoint({ ...MINIMAL, ...members }, oldKeyring));
      expect(error.code).toBe('decrypt_failed');
      expect(error.message).toContain(`Cannot decrypt ${column} of endpoint "ep_1"`);
    }
  });

  it('asks for keys when there are none', () => {
    const error = errorOf(() => openEndpoint(sealEndpoint(FULL, oldKeyring), undefined));
    expect(error).toBeInstanceOf(StoreError);
    expect(error.code).toBe('key_missing');
    expect(error.message).toBe(
      'Cannot read secrets of endpoint "ep_1": it is encrypted with the key old, and the store has no keys. ' +
        'Give the store the option encryption: { current, keys }.',
    );
  });

  it('names the key that is missing', () => {
    const error = errorOf(() => openEndpoint(sealEndpoint(FULL, oldKeyring), newKeyring));
    expect(error.code).toBe('key_missing');
    expect(error.message).toContain('it was encrypted with the key old');
  });

  it('fails for a record under another id', () => {
    const error = errorOf(() => openEndpoint(sealEndpoint(FULL, oldKeyring), oldKeyring, 'ep_9'));
    expect(error.code).toBe('record_invalid');
    expect(error.message).toContain(
      'Cannot read the endpoint "ep_9" that is stored: endpoint.id: expected "ep_9"',
    );
    expect(openEndpoint(sealEndpoint(FULL, oldKeyring), oldKeyring, 'ep_1')).toEqual(FULL);
  });
});

describe('checkEndpoint', () => {
  it.each<[string, unknown, string]>([
    ['no object', 'text', 'endpoint: expected an object, got a string.'],
    ['null', null, 'endpoint: expected an object, got null.'],
    ['a list', [], 'endpoint: expected an object, got an array.'],
    ['no id', { ...MINIMAL, id: undefined }, 'endpoint.id: expected 1 to 256 characters'],
    ['an odd id', { ...MINIMAL, id: 'a b' }, 'endpoint.id: expected 1 to 256 characters'],
    ['a url of another type', { ...MINIMAL, url: 5 }, 'endpoint.url: expected a string, got a number.'],
    ['no secrets', { ...MINIMAL, secrets: undefined }, 'endpoint.secrets: expected an array, got undefined.'],
    [
      'a secret alone',
      { ...MINIMAL, secrets: ['s3cr3t'] },
      'endpoint.secrets[0]: expected an object, got a string.',
    ],
    [
      'a secret of another type',
      { ...MINIMAL, secrets: [{ value: ['s3cr3t'], createdAt: 1 }] },
      'endpoint.secrets[0].value: expected a string, got an array.',
    ],
    ['an event of another type', { ...MINIMAL, events: ['a', 5] }, 'endpoint.events[1]: expected a string'],
    [
      'a header of another type',
      { ...MINIMAL, headers: { 'X-A': 5 } },
      'endpoint.headers.X-A: expected a string, got a number.',
    ],
    [
      'headers that are a list',
      { ...MINIMAL, headers: ['a'] },
      'endpoint.headers: expected an object, got an array.',
    ],
    ['no headers', { ...MINIMAL, headers: null }, 'endpoint.headers: expected an object, got null.'],
    [
      'a header called __proto__ of another type',
      { ...MINIMAL, headers: JSON.parse('{ "__proto__": 5 }') },
      'endpoint.headers.__proto__: expected a string, got a number.',
    ],
    [
      'another status',
      { ...MINIMAL, status: 's3cr3t' },
      'endpoint.status: expected one of "enabled", "disabled", got a string.',
    ],
    [
      'another order',
      { ...MINIMAL, ordering: 'lifo' },
      'endpoint.ordering: expected one of "none", "fifo", "key"',
    ],
    [
      'an odd policy',
      { ...MINIMAL, retry: { kind: 'schedule' } },
      'endpoint.retry: expected the name of a retry preset',
    ],
    ['an odd rule', { ...MINIMAL, retryOn: ['5xx', 'never'] }, 'endpoint.retryOn[1]: expected a status'],
    [
      'an odd scheme',
      { ...MINIMAL, signatures: [{}] },
      'endpoint.signatures[0]: expected the name of a signature',
    ],
    ['an odd limit', { ...MINIMAL, rateLimit: true }, 'endpoint.rateLimit: expected false, or { limit'],
    [
      'a filter of another type',
      { ...MINIMAL, filter: 'a' },
      'endpoint.filter: expected an object, got a string.',
    ],
    [
      'metadata of another type',
      { ...MINIMAL, metadata: [] },
      'endpoint.metadata: expected an object, got an array.',
    ],
    [
      'a time that is text',
      { ...MINIMAL, createdAt: '1' },
      'endpoint.createdAt: expected a number, got a string.',
    ],
  ])('refuses %s, naming the field', (_, record, why) => {
    const error = errorOf(() => openEndpoint(record, newKeyring));
    expect(error).toBeInstanceOf(StoreError);
    expect(error.code).toBe('record_invalid');
    expect(error.message).toContain(why);
    expect(error.message).toMatch(/^Cannot read the endpoint( "ep_1")? that is stored: /);
    expect(error.message).toMatch(/\. It was changed by hand, or written by another version of Posthorn\.$/);
    expect(inspect(error)).not.toContain('s3cr3t');
  });

  it('refuses what is no JSON, quoting nothing of it', () => {
    const error = errorOf(() => decodeEndpoint('s3cr3t', newKeyring, 'ep_1'));
    expect(error.code).toBe('record_invalid');
    expect(error.message).toContain(
      'Cannot read the endpoint "ep_1" that is stored: endpoint: expected JSON',
    );
    expect(inspect(error)).not.toContain('s3cr3t');
  });

  it('accepts settings beyond the limits of today', () => {
    const record = { ...MINIMAL, timeoutMs: 0, concurrency: 1e9, description: 'x'.repeat(10_000) };
    expect(checkEndpoint(record)).toBe(record);
  });
});

describe('keyIdsOf', () => {
  it('lists each key once', () => {
    expect(keyIdsOf(sealEndpoint(FULL, undefined))).toEqual([]);
    expect(keyIdsOf(sealEndpoint(FULL, oldKeyring))).toEqual(['old']);
    const { secrets } = sealEndpoint(FULL, newKeyring);
    expect(keyIdsOf(checkEndpoint({ ...sealEndpoint(FULL, oldKeyring), secrets }))).toEqual(['new', 'old']);
  });

  it('passes over other texts that look encrypted', () => {
    const record = { ...MINIMAL, description: 'enc:v1:x:AAAA', computedHeaders: { 'X-A': 'enc:v1:y:AAAA' } };
    expect(keyIdsOf(sealEndpoint({ ...record, headers: { 'X-A': 'enc:v1:z:AAAA' } }, undefined))).toEqual([]);
  });
});

describe('requireKeys', () => {
  it('refuses a key that is missing, naming it', () => {
    const sealed = sealEndpoint(FULL, oldKeyring);
    requireKeys(sealed, oldKeyring);
    requireKeys(sealed, bothKeyring);
    requireKeys(sealEndpoint(FULL, undefined), undefined);
    for (const keyring of [newKeyring, undefined]) {
      const error = errorOf(() => requireKeys(sealed, keyring));
      expect(error.code).toBe('key_missing');
      expect(error.message).toMatch(/secrets of endpoint "ep_1": it (is|was) encrypted with the key old/);
    }
  });
});

describe('needsSealing', () => {
  it.each([
    ['plain values', sealEndpoint(FULL, undefined), newKeyring, true],
    ['plain values and no keyring', sealEndpoint(FULL, undefined), undefined, false],
    ['the current key', sealEndpoint(FULL, bothKeyring), bothKeyring, false],
    ['an older key', sealEndpoint(FULL, oldKeyring), bothKeyring, true],
    [
      'nothing to encrypt',
      sealEndpoint({ ...MINIMAL, headers: { 'X-A': 'a' } }, undefined),
      newKeyring,
      false,
    ],
    [
      'one plain header among encrypted ones',
      checkEndpoint({ ...sealEndpoint(MINIMAL, newKeyring), headers: { 'X-Token': 'plain' } }),
      newKeyring,
      true,
    ],
  ])('judges %s', (_, sealed, keyring, expected) => {
    expect(needsSealing(sealed, keyring)).toBe(expected);
  });

  it('is settled by writing again with the current key', () => {
    const sealed = sealEndpoint(openEndpoint(sealEndpoint(FULL, oldKeyring), bothKeyring), bothKeyring);
    expect(needsSealing(sealed, bothKeyring)).toBe(false);
    expect(keyIdsOf(sealed)).toEqual(['new']);
    expect(openEndpoint(sealed, newKeyring)).toEqual(FULL);
    expect(sealed.secrets.every(({ value }) => isEncrypted(value))).toBe(true);
  });
});
