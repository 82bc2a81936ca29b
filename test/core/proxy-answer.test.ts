import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { judgeProxyAnswer } from '../../src/core/proxy-answer.ts';

type Headers = Parameters<typeof judgeProxyAnswer>[1];

const smokescreen = { 'x-smokescreen-error': 'it says why' };
const squid = (error: string): Headers => ({ 'x-squid-error': `${error} 111` });
const standard = (error: string): Headers => ({
  'proxy-status': `proxy.example; error=${error}; details="x"`,
});

describe('judgeProxyAnswer', () => {
  it.each<[number, Headers]>([
    [200, {}],
    [204, {}],
    [299, smokescreen],
  ])('lets %i connect', (status, headers) => {
    assert.equal(judgeProxyAnswer(status, headers), undefined);
  });

  it.each<[string, number, Headers]>([
    ['blocked', 403, {}],
    ['blocked', 403, squid('ERR_ACCESS_DENIED')],
    ['blocked', 407, smokescreen],
    ['connection_failed', 502, smokescreen],
    ['timeout', 504, smokescreen],
    ['connection_failed', 503, squid('ERR_CONNECT_FAIL')],
    ['dns', 503, squid('ERR_DNS_FAIL')],
    ['dns', 502, standard('dns_error')],
    ['dns', 504, standard('dns_timeout')],
    ['dns', 500, standard('destination_not_found')],
    ['blocked', 502, standard('destination_ip_prohibited')],
    ['connection_refused', 502, standard('connection_refused')],
    ['timeout', 504, standard('connection_timeout')],
  ])('charges the endpoint as %s with %i %j', (reason, status, headers) => {
    const refusal = judgeProxyAnswer(status, headers);
    assert.ok(refusal?.kind === 'failure' && refusal.reason === reason, JSON.stringify(refusal));
    assert.ok(refusal.detail.includes(`HTTP ${status}`));
  });

  it.each<[number, Headers]>([
    [0, {}],
    [199, {}],
    [302, {}],
    [400, {}],
    [407, {}],
    [407, squid('ERR_CACHE_ACCESS_DENIED')],
    [429, smokescreen],
    [500, smokescreen],
    [502, {}],
    [503, {}],
    [504, {}],
    [502, standard('proxy_internal_error')],
    [502, { 'proxy-status': 'error=connection_refused' }],
    [503, squid('ERR_TOO_BIG')],
  ])('keeps what the proxy does not say of the receiver away from the endpoint: %i %j', (status, headers) => {
    const refusal = judgeProxyAnswer(status, headers);
    assert.ok(refusal?.kind === 'fault' && refusal.reason === 'proxy_failed', JSON.stringify(refusal));
  });

  it('tells credentials that are not accepted from other faults', () => {
    assert.match(judgeProxyAnswer(407, {})!.detail, /credentials/);
    assert.doesNotMatch(judgeProxyAnswer(502, {})!.detail, /credentials/);
  });

  it('passes on what Smokescreen says', () => {
    assert.match(judgeProxyAnswer(407, smokescreen)!.detail, /\(HTTP 407: it says why\)$/);
    assert.match(judgeProxyAnswer(502, { 'x-smokescreen-error': ['first', 'second'] })!.detail, /: first\)$/);
  });
});
