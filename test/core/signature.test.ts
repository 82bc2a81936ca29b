import { describe, expect, it } from 'vitest';
import { SIGNATURE_SCHEMES } from '../../src/core/signature-schemes.ts';
import { resolveSignature, type SignatureSetting, validateSignatures } from '../../src/core/signature.ts';
import { OptionsError } from '../../src/errors.ts';

function errorOf(value: unknown, customNames?: ReadonlySet<string>): OptionsError {
  try {
    validateSignatures(value, 'endpoint.signatures', customNames);
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsError);
    return error as OptionsError;
  }
  throw new Error(`accepted ${JSON.stringify(value)}`);
}

describe('resolveSignature', () => {
  it.each([
    ['standard', ['webhook-id', 'webhook-timestamp', 'webhook-signature']],
    ['standard-ed25519', ['webhook-id', 'webhook-timestamp', 'webhook-signature']],
    ['github', ['x-hub-signature-256']],
    ['stripe', ['stripe-signature']],
    [{ scheme: 'stripe', header: 'X-Acme-Signature' }, ['x-acme-signature']],
    ['shopify', ['x-shopify-webhook-id', 'x-shopify-hmac-sha256']],
    ['hex', ['x-webhook-signature']],
    ['timestamped-hex', ['x-webhook-timestamp', 'x-webhook-signature']],
    ['none', []],
    ['acme', []],
    [{ scheme: 'hex', header: 'X-ImgGo-Signature' }, ['x-imggo-signature']],
    [{ scheme: 'timestamped-hex', header: 'X-Sig', timestampHeader: 'X-Time' }, ['x-time', 'x-sig']],
  ] as const)('knows the headers of %j', (setting, headerNames) => {
    expect(resolveSignature(setting as SignatureSetting).headerNames).toEqual(headerNames);
  });

  it('keeps the spelling of configured headers for the wire', () => {
    const signature = resolveSignature({ scheme: 'hex', header: 'X-ImgGo-Signature', prefix: 'sha256=' });
    expect(signature).toMatchObject({ kind: 'built-in', header: 'X-ImgGo-Signature', prefix: 'sha256=' });
  });

  it('takes names like members of every object for names of functions', () => {
    expect(resolveSignature('constructor').kind).toBe('custom');
  });
});

describe('SIGNATURE_SCHEMES', () => {
  const context = { messageId: 'msg_1', timestampSeconds: 1614265330 };

  it.each([
    ['standard', 'msg_1.1614265330.'],
    ['standard-ed25519', 'msg_1.1614265330.'],
    ['github', ''],
    ['stripe', '1614265330.'],
    ['shopify', ''],
    ['hex', ''],
    ['timestamped-hex', '1614265330.'],
  ])('%s signs %j in front of the body', (name, expected) => {
    expect(SIGNATURE_SCHEMES[name]!.signedPrefix(context)).toBe(expected);
  });

  it('lists several signatures of standard with spaces, and one of the others', () => {
    expect(SIGNATURE_SCHEMES['standard']!.headerValue(['v1,a', 'v1,b'], context)).toBe('v1,a v1,b');
    expect(SIGNATURE_SCHEMES['stripe']!.headerValue(['v1=a', 'v1=b'], context)).toBe(
      't=1614265330,v1=a,v1=b',
    );
    expect(SIGNATURE_SCHEMES['github']!.headerValue(['sha256=a'], context)).toBe('sha256=a');
  });

  it.each(Object.entries(SIGNATURE_SCHEMES))('%s reads back what it wrote', (_, scheme) => {
    const signatures = ['AbC0+/==', 'ff']
      .slice(scheme.isMultiValue ? 0 : 1)
      .map((one) => scheme.prefix + one);
    const read = scheme.readHeader(scheme.headerValue(signatures, context));
    expect(read?.signatures).toEqual(signatures);
    if (read?.timestamp !== undefined) expect(read.timestamp).toBe(String(context.timestampSeconds));
  });

  it.each([
    ['standard', 'v1,bad, v1,good'],
    ['standard', 'v1,'],
    ['standard', 'v1'],
    ['standard', ''],
    ['standard', 'v1,a  v1,b'],
    ['standard', ' v1,a'],
    ['stripe', 't=1,v1=a, t=1,v1=b'],
    ['stripe', 't=1,t=2,v1=a'],
    ['stripe', 'v1=a'],
    ['stripe', 't=1,'],
    ['stripe', ''],
  ])('%s does not read %j', (name, value) => {
    expect(SIGNATURE_SCHEMES[name]!.readHeader(value)).toBeUndefined();
  });
});

describe('validateSignatures', () => {
  it.each([
    [['standard']],
    [['none']],
    [['standard', 'github', 'stripe', 'shopify', 'hex']],
    [[{ scheme: 'stripe', header: 'X-Acme-Signature' }, 'stripe']],
    [
      [
        { scheme: 'hex', header: 'X-A', prefix: 'sha256=' },
        { scheme: 'hex', header: 'X-B' },
      ],
    ],
    [['hex', { scheme: 'timestamped-hex', header: 'x-other' }]],
    [[{ scheme: 'hex', header: 'webhook-signature' }]],
    [[{ scheme: 'hex', header: 'Authorization', prefix: 'HMAC ' }]],
    [[{ scheme: 'hex', header: undefined }]],
    [['anything', { scheme: 'anything-else' }]],
  ])('accepts %j', (signatures) => {
    expect(validateSignatures(signatures, 'signatures')).toBe(signatures);
  });

  it.each([
    ['standard', '', 'an array of 1 to 10 signature schemes'],
    [[], '', "(['none'] to send unsigned)"],
    [['none', 'github'], '[0]', 'expected "none" to be the only scheme'],
    [[3], '[0]', 'got 3 (number)'],
    [[null], '[0]', 'got null'],
    [[''], '[0]', 'got "" (string)'],
    [[{ header: 'x' }], '[0].scheme', 'got undefined'],
    [[{ scheme: 'hex', headr: 'x' }], '[0].headr', 'Did you mean "header"?'],
    [[{ scheme: 'github', header: 'x' }], '[0].header', 'Unknown key'],
    [[{ scheme: 'hex', timestampHeader: 'x' }], '[0].timestampHeader', 'Unknown key'],
    [[{ scheme: 'stripe', prefix: 'v2=' }], '[0].prefix', 'Unknown key'],
    [[{ scheme: 'shopify', header: 'x' }], '[0].header', 'Unknown key'],
    [[{ scheme: 'acme', header: 'x' }], '[0].header', 'Unknown key'],
    [[{ scheme: 'hex', header: 'x y' }], '[0].header', 'a header name'],
    [[{ scheme: 'hex', header: '' }], '[0].header', 'a header name'],
    [[{ scheme: 'hex', header: 'Content-Type' }], '[0].header', 'the envelope writes it'],
    [[{ scheme: 'hex', header: 'host' }], '[0].header', 'it follows from the url'],
    [[{ scheme: 'hex', prefix: 'a\nb' }], '[0].prefix', 'U+000A at position 1'],
    [[{ scheme: 'hex', prefix: 1 }], '[0].prefix', 'got 1 (number)'],
    [[{ scheme: 'hex', prefix: 'x'.repeat(257) }], '[0].prefix', 'at most 256 characters'],
  ])('refuses %j', (signatures, where, text) => {
    const error = errorOf(signatures);
    expect(error.path).toBe(`endpoint.signatures${where}`);
    expect(error.message).toContain(text);
  });

  it.each([
    [['hex', 'timestamped-hex'], 'hex and timestamped-hex both write the header x-webhook-signature'],
    [['standard', 'standard-ed25519'], 'standard and standard-ed25519 both write the header webhook-id'],
    [['github', 'github'], 'github writes the header x-hub-signature-256 twice'],
    [['standard', { scheme: 'hex', header: 'Webhook-Signature' }], 'both write the header webhook-signature'],
    [
      [
        { scheme: 'hex', header: 'X-A' },
        { scheme: 'hex', header: 'x-a' },
      ],
      'hex writes the header x-a twice',
    ],
    [
      [{ scheme: 'timestamped-hex', header: 'x', timestampHeader: 'X' }],
      'timestamped-hex writes the header x twice',
    ],
  ])('refuses %j, which would write a header twice', (signatures, text) => {
    expect(errorOf(signatures).message).toContain(text);
  });

  it('refuses a scheme whose receivers would have to hold the private key of another one', () => {
    const refused = (): unknown => validateSignatures(['standard-ed25519', 'github'], 'signatures');
    expect(refused).toThrow('receivers of github would have to hold the private key');
    expect(() => validateSignatures(['standard-ed25519', 'mine'], 'signatures')).not.toThrow();
  });

  it('refuses functions that are not registered, when it knows those that are', () => {
    const names = new Set(['acmeSignature']);
    expect(validateSignatures(['acmeSignature', 'github'], 'signatures', names)).toHaveLength(2);
    expect(errorOf(['acmeSignatur'], names).message).toContain('Did you mean "acmeSignature"?');
    expect(errorOf(['standart'], names).message).toContain('Did you mean "standard"?');
    expect(errorOf([{ scheme: 'nope' }], names).path).toBe('endpoint.signatures[0].scheme');
  });
});
