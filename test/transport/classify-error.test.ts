import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { ConnectionRefusal } from '../../src/transport/address-guard.ts';
import { classifyError, classifyFetchError } from '../../src/transport/classify-error.ts';

const withCode = (code: string, message = 'something happened', extra: object = {}): Error =>
  Object.assign(new Error(message), { code, ...extra });

const summary = (error: unknown): string => {
  const result = classifyError(error);
  return `${result.kind} ${result.reason}`;
};

describe('classifyError', () => {
  const table: readonly (readonly [string, string])[] = [
    ['ECONNREFUSED', 'failure connection_refused'],
    ['ECONNRESET', 'failure connection_reset'],
    ['EPIPE', 'failure connection_reset'],
    ['UND_ERR_SOCKET', 'failure connection_reset'],
    ['UND_ERR_INFO', 'failure connection_reset'],
    ['ETIMEDOUT', 'failure timeout'],
    ['UND_ERR_CONNECT_TIMEOUT', 'failure timeout'],
    ['UND_ERR_HEADERS_TIMEOUT', 'failure timeout'],
    ['UND_ERR_BODY_TIMEOUT', 'failure timeout'],
    ['ENOTFOUND', 'failure dns'],
    ['EAI_AGAIN', 'failure dns'],
    ['UND_ERR_HEADERS_OVERFLOW', 'failure bad_response'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'failure bad_response'],
    ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'failure bad_response'],
    ['ERR_ASSERTION', 'failure bad_response'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'failure tls'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'failure tls'],
    ['CERT_HAS_EXPIRED', 'failure tls'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'failure tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'failure tls'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'failure tls'],
    ['ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL', 'failure tls'],
    ['EPROTO', 'failure tls'],
    ['UND_ERR_INVALID_ARG', 'fault bad_request'],
    ['UND_ERR_NOT_SUPPORTED', 'fault bad_request'],
    ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', 'fault bad_request'],
    ['EMFILE', 'fault transport_failed'],
    ['EADDRNOTAVAIL', 'fault transport_failed'],
    ['UND_ERR_DESTROYED', 'fault transport_failed'],
    ['UND_ERR_CLOSED', 'fault transport_failed'],
    ['__proto__', 'fault transport_failed'],
  ];

  it.each(table)('takes %s for %s', (code, expected) => {
    assert.equal(summary(withCode(code)), expected);
  });

  it('takes other errors of system calls for failed connections', () => {
    assert.equal(
      summary(withCode('EHOSTUNREACH', 'no route', { syscall: 'connect' })),
      'failure connection_failed',
    );
  });

  it('knows parser errors by name, whatever their code', () => {
    for (const code of [undefined, 'HPE_INVALID_VERSION']) {
      assert.equal(
        summary(Object.assign(new Error('x'), { name: 'HTTPParserError', code })),
        'failure bad_response',
      );
    }
  });

  it('tells a response that undici refuses from a connection that ended', () => {
    assert.equal(summary(withCode('UND_ERR_SOCKET', 'bad response')), 'failure bad_response');
    assert.equal(summary(withCode('UND_ERR_SOCKET', 'bad upgrade')), 'failure bad_response');
    assert.equal(summary(withCode('UND_ERR_SOCKET', 'other side closed')), 'failure connection_reset');
  });

  it('takes the reason of a refused connection', () => {
    assert.equal(summary(new ConnectionRefusal('blocked', 'no')), 'failure blocked');
    assert.equal(summary(new ConnectionRefusal('dns', 'no')), 'failure dns');
  });

  it('looks through causes, and ends on cycles', () => {
    assert.equal(
      summary(new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') })),
      'failure connection_refused',
    );
    const cycle = new Error('a');
    cycle.cause = cycle;
    assert.equal(summary(cycle), 'fault transport_failed');
  });

  it('takes everything else for a fault', () => {
    for (const error of [new Error('x'), 'text', undefined, null, {}])
      assert.equal(summary(error), 'fault transport_failed');
  });

  it('gives a bounded detail on one line', () => {
    const { detail } = classifyError(
      withCode('ERR_TLS_CERT_ALTNAME_INVALID', `a\r\nb\u0007\u2028c ${'x'.repeat(1000)}`),
    );
    assert.ok(detail.startsWith('ERR_TLS_CERT_ALTNAME_INVALID: a b c x'), detail);
    assert.ok(detail.length < 210);
  });

  it('quotes no source of undici in a detail', () => {
    const { detail } = classifyError(withCode('ERR_ASSERTION', 'assert(statusCode >= 100)'));
    assert.equal(detail, 'the response has no valid status');
  });

  it('names the code of an error without a message', () => {
    assert.equal(classifyError(withCode('ECONNREFUSED', '')).detail, 'ECONNREFUSED');
  });
});

describe('classifyFetchError', () => {
  it('knows what fetch says without a code', () => {
    const said = (message: string): string => {
      const result = classifyFetchError(new TypeError('fetch failed', { cause: new Error(message) }));
      return `${result.kind} ${result.reason}`;
    };
    assert.equal(said('bad port'), 'fault bad_request');
    assert.equal(
      said('too many content-encodings in response: 20, maximum allowed is 5'),
      'failure bad_response',
    );
    assert.equal(classifyFetchError(new TypeError('Failed to fetch')).reason, 'connection_failed');
  });
});
