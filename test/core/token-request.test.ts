import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { buildTokenRequest, isBearerToken, readTokenAnswer } from '../../src/core/token-request.ts';

const auth = {
  type: 'oauth2',
  tokenUrl: 'https://id.example/token',
  clientId: 'my:client id',
  clientSecret: 'ü+%&',
} as const;

function headersOf(headers: readonly string[]): Record<string, string> {
  const entries: [string, string][] = [];
  for (let index = 0; index < headers.length; index += 2)
    entries.push([headers[index]!, headers[index + 1]!]);
  return Object.fromEntries(entries);
}

describe('buildTokenRequest', () => {
  it('puts form-encoded credentials into the authorization header', () => {
    const { headers, body } = buildTokenRequest(auth, 'agent');
    const basic = Buffer.from('my%3Aclient+id:%C3%BC%2B%25%26').toString('base64');
    assert.deepEqual(headersOf(headers), {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'user-agent': 'agent',
      authorization: `Basic ${basic}`,
    });
    assert.equal(Buffer.from(body).toString(), 'grant_type=client_credentials');
  });

  it('puts them into the body when asked to, and nowhere else', () => {
    const { headers, body } = buildTokenRequest(
      { ...auth, clientAuth: 'body', scope: 'a b', audience: 'c' },
      'agent',
    );
    assert.equal(headersOf(headers)['authorization'], undefined);
    assert.deepEqual(Object.fromEntries(new URLSearchParams(Buffer.from(body).toString())), {
      grant_type: 'client_credentials',
      scope: 'a b',
      audience: 'c',
      client_id: 'my:client id',
      client_secret: 'ü+%&',
    });
  });
});

describe('readTokenAnswer', () => {
  const read = (answer: unknown, status = 200, isWhole = true): unknown =>
    readTokenAnswer(
      status,
      Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer)),
      isWhole,
    );
  const good = { access_token: 'abc.DEF-1_~+/==', token_type: 'Bearer', expires_in: 3600 };

  it('reads token and lifetime', () => {
    assert.deepEqual(read(good), { token: good.access_token, lifetimeMs: 3_600_000 });
    assert.deepEqual(read({ ...good, token_type: 'bearer', expires_in: '60' }), {
      token: good.access_token,
      lifetimeMs: 60_000,
    });
  });

  it.each([undefined, null, -1, 'soon', '1e3', '', {}, true])(
    'takes a lifetime of %j for none',
    (seconds) => {
      assert.deepEqual(read({ ...good, expires_in: seconds }), {
        token: good.access_token,
        lifetimeMs: undefined,
      });
    },
  );

  it.each<[string, unknown, number?, boolean?]>([
    ['HTTP 401 (invalid_client)', { error: 'invalid_client' }, 401],
    ['HTTP 400', { error: '<script>alert(1)</script>' }, 400],
    ['HTTP 500', 'broken', 500],
    ['HTTP 201', good, 201],
    ['HTTP 302', '', 302],
    ['too long', good, 200, false],
    ['not a JSON object', '{"access_token":'],
    ['not a JSON object', '[]'],
    ['not a JSON object', 'null'],
    ['not a JSON object', ''],
    ['no access_token', {}],
    ['no access_token', { ...good, access_token: '' }],
    ['no access_token', { ...good, access_token: 7 }],
    ['no access_token', { ...good, access_token: 'a b' }],
    ['no access_token', { ...good, access_token: 'a\r\nx: y' }],
    ['no access_token', { ...good, access_token: 'x'.repeat(9000) }],
    ['token_type', { ...good, token_type: 'mac' }],
    ['token_type', { ...good, token_type: undefined }],
  ])('finds no token: %s', (problem, answer, status, isWhole) => {
    const result = read(answer, status, isWhole) as { problem: string };
    assert.ok(result.problem.includes(problem), result.problem);
    assert.doesNotMatch(result.problem, /script|abc\.DEF/);
  });

  it('finds no token in bytes that are no UTF-8', () => {
    const answer = readTokenAnswer(200, Uint8Array.from([0x7b, 0xff, 0x7d]), true);
    assert.ok('problem' in answer);
  });
});

describe('isBearerToken', () => {
  it('knows what can stand in the header', () => {
    for (const token of ['a', 'A-._~+/9', 'YWJj==']) assert.equal(isBearerToken(token), true, token);
    for (const token of ['', ' a', 'a b', 'a\n', 'ä', '==', 'a=b', undefined, 7])
      assert.equal(isBearerToken(token), false);
  });
});
