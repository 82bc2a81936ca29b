import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { verifyRequest, type VerifyOptions } from '../../src/listener/verify-request.ts';

const standard = {
  headers: {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  },
  body: Buffer.from('{"test": 2432232314}'),
};
const standardOptions: VerifyOptions = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  now: () => 1_614_265_330_000,
};

const github = {
  headers: {
    'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
  },
  body: Buffer.from('Hello, World!'),
};
const githubSecret = "It's a Secret to Everybody";

const check = (request: Parameters<typeof verifyRequest>[0], options: VerifyOptions): boolean =>
  verifyRequest(request, options).ok;
const withHeaders = (headers: Record<string, string>): typeof standard => ({
  ...standard,
  headers: { ...standard.headers, ...headers },
});

describe('verifyRequest', () => {
  it('accepts the published vectors', () => {
    assert.equal(check(standard, standardOptions), true);
    assert.equal(check(github, { scheme: 'github', secret: githubSecret }), true);
  });

  it('verifies v1a with a public key, and with nothing else', () => {
    const signed = withHeaders({
      'webhook-signature':
        'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
    });
    const publicKey = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';
    const options = (...secret: string[]): VerifyOptions => ({ ...standardOptions, secret });
    assert.equal(check(signed, options(publicKey)), true);
    assert.equal(check(signed, options('whsec_AAAA', publicKey)), true);
    assert.equal(check(standard, options(String(standardOptions.secret), publicKey)), true);
    assert.equal(check({ ...signed, body: Buffer.from('{}') }, options(publicKey)), false);
    assert.equal(check(standard, options(publicKey)), false);
    assert.equal(check(signed, standardOptions), false);
    for (const other of [`whpk_${Buffer.alloc(32, 1).toString('base64')}`, 'whpk_', 'whpk_AAAA', 'whpk_!'])
      assert.equal(check(signed, options(other)), false, other);
    for (const signature of ['v1a,', 'v1a,AAAA', 'v1a'])
      assert.equal(check(withHeaders({ 'webhook-signature': signature }), options(publicKey)), false);
  });

  it('verifies the signatures of Stripe, of which any may hold, and judges their time', () => {
    const body = Buffer.from('{"id":"evt_test_webhook","object":"event"}');
    const v1 = 'v1=3c5817089d739023dd6190f70a3757e04f7a2fd8b5dab12c2e000f51970dccff';
    const at = (header: string, now = 1_614_265_330_000, secret = 'whsec_test_secret'): boolean =>
      check({ headers: { 'stripe-signature': header }, body }, { scheme: 'stripe', secret, now: () => now });
    assert.equal(at(`t=1614265330,${v1}`), true);
    assert.equal(at(`v0=x,v1=y,${v1},t=1614265330`), true);
    assert.equal(at(`t=1614265330,${v1}`, 1_614_265_931_000), false);
    assert.equal(at(`t=1614265330,${v1}`, 1_614_265_330_000, 'test_secret'), false);
    for (const header of [
      '',
      v1,
      't=1614265330',
      `t=1614265331,${v1}`,
      `t=Infinity,${v1}`,
      `t=1614265330,${v1.slice(3)}`,
    ])
      assert.equal(at(header), false, header);
    assert.equal(check({ headers: {}, body }, { scheme: 'stripe', secret: 'x' }), false);
  });

  it('verifies the base64 of Shopify', () => {
    const hex = '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    const base64 = Buffer.from(hex, 'hex').toString('base64');
    const at = (value: string): boolean =>
      check(
        { headers: { 'x-shopify-hmac-sha256': value }, body: github.body },
        { scheme: 'shopify', secret: githubSecret },
      );
    assert.deepEqual([at(base64), at(hex), at('')], [true, false, false]);
  });

  it('accepts any of several secrets and any of several signatures', () => {
    assert.equal(
      check(standard, { ...standardOptions, secret: ['whsec_AAAA', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] }),
      true,
    );
    const list = `v1,AAAA v2,x ${standard.headers['webhook-signature']}`;
    assert.equal(check(withHeaders({ 'webhook-signature': list }), standardOptions), true);
  });

  it('refuses another body, secret, id or signature', () => {
    assert.equal(check({ ...standard, body: Buffer.from('{"test":2432232314}') }, standardOptions), false);
    assert.equal(
      check(standard, { ...standardOptions, secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }),
      false,
    );
    assert.equal(check(standard, { ...standardOptions, secret: [] }), false);
    assert.equal(check(withHeaders({ 'webhook-id': 'msg_other' }), standardOptions), false);
    for (const signature of [
      '',
      'v1,',
      'v1',
      'g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      'v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    ]) {
      assert.equal(check(withHeaders({ 'webhook-signature': signature }), standardOptions), false, signature);
    }
    assert.equal(check(github, { scheme: 'github', secret: 'other' }), false);
  });

  it('says which header is missing', () => {
    assert.deepEqual(verifyRequest({ headers: {}, body: standard.body }, standardOptions), {
      ok: false,
      why: 'webhook-id or webhook-signature is missing',
    });
    assert.deepEqual(verifyRequest({ headers: {}, body: standard.body }, { scheme: 'github', secret: 'x' }), {
      ok: false,
      why: 'x-hub-signature-256 is missing',
    });
  });

  it('refuses timestamps that are no numbers, and those too far away', () => {
    for (const timestamp of [
      '',
      'hello',
      '1614265330abc',
      ' 1614265330',
      '1614265330.9',
      '+1614265330',
      '01614265330',
      '-1',
    ]) {
      assert.equal(check(withHeaders({ 'webhook-timestamp': timestamp }), standardOptions), false, timestamp);
    }
    const at = (seconds: number, toleranceMs?: number): boolean =>
      check(standard, {
        ...standardOptions,
        now: () => seconds * 1000,
        ...(toleranceMs === undefined ? {} : { toleranceMs }),
      });
    assert.deepEqual([at(1614265330 + 300), at(1614265330 - 300)], [true, true]);
    assert.deepEqual([at(1614265330 + 301), at(1614265330 - 301)], [false, false]);
    assert.deepEqual([at(0, Infinity), at(1614265330, 0), at(1614265331, 0)], [true, true, false]);
  });

  it('checks hex and timestamped hex, with names and prefix of choice', () => {
    const body = Buffer.from('hello !');
    // A vector published by Hook0.
    const timestamped = {
      headers: {
        'x-t': '1636936200',
        'x-s': 'v0=1b3d69df55f1e52f05224ba94a5162abeb17ef52cd7f4948c390f810d6a87e98',
      },
      body,
    };
    const options = {
      scheme: 'timestamped-hex',
      secret: 'secret',
      header: 'X-S',
      timestampHeader: 'X-T',
      prefix: 'v0=',
    } as const;
    assert.equal(check(timestamped, { ...options, now: () => 1_636_936_200_000 }), true);
    assert.equal(check(timestamped, { ...options, now: () => 1_636_936_999_000 }), false);
    const hex = {
      headers: { 'x-webhook-signature': '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
      body: github.body,
    };
    assert.equal(check(hex, { scheme: 'hex', secret: githubSecret }), true);
    assert.equal(check(hex, { scheme: 'hex', secret: githubSecret, prefix: 'sha256=' }), false);
  });
});
